use super::*;
use crate::edit::Outline;

const COLUMNS: usize = 9;
const ROWS: usize = 8;

fn slice_image(values: &[f64]) -> Image {
    image_of(Extent::new(COLUMNS, ROWS, 1).unwrap(), |v| values[v.x + COLUMNS * v.y])
}

fn neighbours(pixel: [i64; 2], diagonal: bool) -> Vec<[i64; 2]> {
    let steps = (-1..=1).flat_map(|y| (-1..=1).map(move |x| [x, y]));
    let wanted = steps.filter(|s: &[i64; 2]| *s != [0, 0] && (diagonal || s[0] == 0 || s[1] == 0));
    wanted.map(|s| [pixel[0] + s[0], pixel[1] + s[1]]).collect()
}

/// Spreads over a picture with a frame of one pixel around it; `passes` also sees the frame.
fn spread(seed: [i64; 2], diagonal: bool, passes: impl Fn([i64; 2]) -> bool) -> Vec<[i64; 2]> {
    let framed = |p: &[i64; 2]| (-1..=COLUMNS as i64).contains(&p[0]) && (-1..=ROWS as i64).contains(&p[1]);
    let (mut found, mut stack) = (Vec::new(), vec![seed]);
    while let Some(p) = stack.pop() {
        if framed(&p) && passes(p) && !found.contains(&p) {
            found.push(p);
            stack.extend(neighbours(p, diagonal));
        }
    }
    found
}

struct Filled {
    reaches_border: bool,
    /// Without the holes.
    count: i64,
    pixels: Vec<[usize; 2]>,
}

/// A region with its holes filled; `None` if the pixel is not next to the outside or no number.
fn filled_region(values: &[f64], pixel: [i64; 2], side: fn(f64, f64) -> bool) -> Option<Filled> {
    let at = |p: [i64; 2]| {
        let inside = (0..COLUMNS as i64).contains(&p[0]) && (0..ROWS as i64).contains(&p[1]);
        inside.then(|| values[p[0] as usize + COLUMNS * p[1] as usize])
    };
    let level = at(pixel)?;
    let region = spread(pixel, false, |p| at(p).is_some_and(|v| side(v, level)));
    if !region.contains(&pixel) {
        return None;
    }
    let outside = spread([-1, -1], true, |p| !region.contains(&p));
    let beside_outside = neighbours(pixel, false).iter().any(|p| outside.contains(p));
    let reaches_border = region.iter().any(|p| neighbours(*p, false).iter().any(|p| at(*p).is_none()));
    let all = (0..ROWS as i64).flat_map(|y| (0..COLUMNS as i64).map(move |x| [x, y]));
    let pixels = all.filter(|p| !outside.contains(p)).map(|p| p.map(|c| c as usize)).collect();
    beside_outside.then_some(Filled { reaches_border, count: region.len() as i64, pixels })
}

proptest! {
    #[test]
    fn a_traced_level_holds_the_region_of_the_pixel_with_its_holes_filled(
        values in prop::collection::vec(prop_oneof![12 => (0i8..7).prop_map(f64::from), 1 => Just(f64::NAN)], 72),
        pixel in (0..COLUMNS, 0..ROWS),
    ) {
        let image = slice_image(&values);
        let signed = [pixel.0 as i64, pixel.1 as i64];
        let sides: [fn(f64, f64) -> bool; 2] = [|v, level| v >= level, |v, level| v <= level];
        let regions = sides.into_iter().filter_map(|side| filled_region(&values, signed, side));
        let expected = regions.min_by_key(|r| (r.reaches_border, if r.reaches_border { r.count } else { -r.count }));
        let found = level_trace(&image, 2, 0, [pixel.0, pixel.1]);
        let pixels = |o: &Outline| o.voxels(image.extent()).indices().map(|i| [i % COLUMNS, i / COLUMNS]).collect();
        let found: Option<Vec<[usize; 2]>> = found.as_ref().map(pixels);
        prop_assert_eq!(found, expected.map(|filled| filled.pixels));
    }
}

#[test]
fn the_trace_of_a_disc_bright_or_dark_is_the_disc_in_all_three_views() {
    let radius = |column: f64, row: f64| (column - 15.3).hypot(row - 12.8);
    for sign in [1.0, -1.0] {
        for axis in 0..3 {
            let extent = lying(axis, [33, 28, 4]);
            let image = image_of(extent, |v| {
                let [x, y, z] = v.to_f64();
                let [column, row] = [[y, z], [x, z], [x, y]][axis];
                sign * radius(column, row)
            });
            let traced = level_trace(&image, axis, 2, [21, 11]).unwrap();
            assert_eq!((traced.axis, traced.slice), (axis, 2));
            let level = radius(21.0, 11.0);
            let disc = (0..28).flat_map(|row| (0..33).map(move |column| [column, row, 2]));
            let disc: Vec<_> = disc.filter(|p| radius(p[0] as f64, p[1] as f64) <= level).collect();
            assert_eq!(seen(axis, &traced.voxels(extent)), disc);
            // The line runs where the intensity is that of the pixel, not along the sides of pixels.
            assert!(traced.points.iter().all(|p| (radius(p[0], p[1]) - level).abs() < 0.1));
        }
    }
}

#[test]
fn there_is_no_line_inside_a_plateau_or_where_there_is_no_number_or_pixel() {
    let plateau = slice_image(&[4.0; 72]);
    assert_eq!(level_trace(&plateau, 2, 0, [4, 4]), None);
    assert_eq!(level_trace(&plateau, 2, 0, [9, 4]), None);
    assert_eq!(level_trace(&plateau, 2, 1, [4, 4]), None);
    assert_eq!(level_trace(&plateau, 3, 0, [4, 4]), None);
    assert_eq!(level_trace(&slice_image(&[f64::NAN; 72]), 2, 0, [4, 4]), None);
    let border = level_trace(&plateau, 2, 0, [0, 4]).unwrap();
    assert_eq!(border.voxels(plateau.extent()).voxel_count(), 72);
}
