//! Walking around a region of pixels.

/// The side of a pixel that parts a region from what is outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::edit) struct Crack {
    /// Pixel of the region.
    pub(in crate::edit) pixel: [i64; 2],
    /// Step from it to the neighbour outside.
    pub(in crate::edit) outwards: [i64; 2],
}

impl Crack {
    /// The neighbour outside.
    pub(in crate::edit) fn beyond(&self) -> [i64; 2] {
        plus(self.pixel, self.outwards)
    }
}

/// The closed outer boundary of the 4-connected region that holds `first`, crack by crack.
///
/// `first` must be a pixel of the region that has none of it in an earlier row. The region must be bounded.
pub(in crate::edit) fn outer_boundary(inside: impl Fn([i64; 2]) -> bool, first: [i64; 2]) -> Vec<Crack> {
    let start = Crack { pixel: first, outwards: [0, -1] };
    let mut boundary = vec![start];
    let mut crack = next_crack(&inside, start);
    while crack != start {
        boundary.push(crack);
        crack = next_crack(&inside, crack);
    }
    boundary
}

fn plus(pixel: [i64; 2], step: [i64; 2]) -> [i64; 2] {
    [pixel[0] + step[0], pixel[1] + step[1]]
}

/// The crack that begins where this one ends. Pixels that touch at a corner only are walked around, not joined.
fn next_crack(inside: &impl Fn([i64; 2]) -> bool, Crack { pixel, outwards }: Crack) -> Crack {
    let forwards = [-outwards[1], outwards[0]];
    let ahead = plus(pixel, forwards);
    let diagonal = plus(ahead, outwards);
    if !inside(ahead) {
        Crack { pixel, outwards: forwards }
    } else if !inside(diagonal) {
        Crack { pixel: ahead, outwards }
    } else {
        Crack { pixel: diagonal, outwards: [-forwards[0], -forwards[1]] }
    }
}
