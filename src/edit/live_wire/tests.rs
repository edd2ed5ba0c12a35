use super::*;
use crate::geometry::{Affine, Extent, Voxel};
use crate::volume::{Grid, Voxels};

/// An image whose slices along `axis` have 96 columns and 80 rows of `intensity`.
fn image(axis: usize, spacing: [f64; 2], intensity: impl Fn(usize, usize) -> f64) -> Image {
    let laid = |column, row, level| match axis {
        0 => [level, column, row],
        1 => [column, level, row],
        _ => [column, row, level],
    };
    let [x, y, z] = laid(96, 80, 3);
    let grid = Grid::from_fn(Extent::new(x, y, z).unwrap(), |v: Voxel| match axis {
        0 => intensity(v.y, v.z),
        1 => intensity(v.x, v.z),
        _ => intensity(v.x, v.y),
    });
    let spacing_mm = match axis {
        0 => [1.7, spacing[0], spacing[1]],
        1 => [spacing[0], 1.7, spacing[1]],
        _ => [spacing[0], spacing[1], 1.7],
    };
    Image::new(Voxels::F64(grid), 1.0, 0.0, Affine::from_spacing(spacing_mm))
}

fn noise(column: usize, row: usize) -> f64 {
    ((column * 7919 + row * 104_729) % 1013) as f64 / 1013.0 - 0.5
}

/// Distance from the centre of a disc, in steps of the finer axis.
fn radius(column: f64, row: f64, spacing: [f64; 2]) -> f64 {
    ((column - 48.0) * spacing[0]).hypot((row - 40.0) * spacing[1]) / spacing[0].min(spacing[1])
}

fn farthest_from_rim(path: &[[f64; 2]], rim: f64, spacing: [f64; 2]) -> f64 {
    path.iter().map(|p| (radius(p[0], p[1], spacing) - rim).abs()).fold(0.0, f64::max)
}

fn is_a_chain(path: &[[f64; 2]]) -> bool {
    path.windows(2).all(|w| (w[0][0] - w[1][0]).abs() <= 1.0 && (w[0][1] - w[1][1]).abs() <= 1.0 && w[0] != w[1])
}

#[test]
fn it_follows_the_edge_of_a_bright_disc_where_a_straight_line_would_not() {
    for (spacing, rim) in [([1.0, 1.0], 28.0), ([1.0, 2.0], 34.0), ([0.8, 0.5], 38.0)] {
        let disc = |column: usize, row: usize| {
            let inside = radius(column as f64, row as f64, spacing) < rim;
            200.0 * f64::from(u8::from(inside)) + 80.0 * noise(column, row)
        };
        let steps = spacing.map(|s| s / spacing[0].min(spacing[1]));
        let on_rim = |turn: f64| {
            let (sine, cosine) = (std::f64::consts::TAU * turn).sin_cos();
            [48.0 + rim / steps[0] * cosine, 40.0 + rim / steps[1] * sine]
        };
        // Within a step along the coarser axis nothing can be nearer than half of it.
        let tolerance = 1.5 * steps[0].max(steps[1]);
        let image = image(2, spacing, disc);
        for from in 0..8 {
            let from = f64::from(from) / 8.0;
            let wire = LiveWire::new(&image, 2, 1, on_rim(from)).unwrap();
            for part in [0.1, 0.25, 0.35] {
                let path = wire.path_to(on_rim(from + part));
                assert!(is_a_chain(&path));
                let off = farthest_from_rim(&path, rim, spacing);
                assert!(off <= tolerance, "{spacing:?} {from} {part}: {off}");
            }
            let (start, end) = (on_rim(from), on_rim(from + 0.25));
            let middle = [(start[0] + end[0]) / 2.0, (start[1] + end[1]) / 2.0];
            assert!(farthest_from_rim(&[middle], rim, spacing) > 2.0 * tolerance, "a straight line leaves the rim");
        }
    }
}

#[test]
fn the_same_path_is_found_in_all_three_views_and_the_way_back_is_as_good() {
    let spacing = [1.0, 1.3];
    let of = |column: usize, row: usize| {
        100.0 * f64::from(u8::from(radius(column as f64, row as f64, spacing) < 25.0)) + 30.0 * noise(column, row)
    };
    let path = |axis| LiveWire::new(&image(axis, spacing, of), axis, 2, [70.0, 47.0]).unwrap().path_to([48.0, 60.0]);
    let found = path(2);
    assert!(found.len() > 20 && found == path(0) && found == path(1));
    let back = LiveWire::new(&image(2, spacing, of), 2, 2, [48.0, 60.0]).unwrap().path_to([70.0, 47.0]);
    assert!(farthest_from_rim(&back, 25.0, spacing) <= 2.0);
}

#[test]
fn a_path_leads_from_the_anchor_to_the_pointer_and_goes_on_straight_beyond_its_reach() {
    let extent = Extent::new(400, 20, 1).unwrap();
    let image = Image::new(Voxels::U8(Grid::filled(extent, 9)), 1.0, 0.0, Affine::identity());
    let wire = LiveWire::new(&image, 2, 0, [199.7, 10.2]).unwrap();
    assert_eq!(wire.anchor(), [200.0, 10.0]);
    assert_eq!(wire.path_to([200.3, 9.6]), [[200.0, 10.0]]);
    let near = wire.path_to([230.0, 10.0]);
    assert!(is_a_chain(&near));
    assert_eq!((near.len(), near[0], near[30]), (31, [200.0, 10.0], [230.0, 10.0]));
    let far = wire.path_to([1e300, -5.0]);
    assert_eq!((far.len(), far[129]), (130, [399.0, 0.0]));
    assert_eq!(far[128], [328.0, 0.0]);
    assert!(wire.path_to([f64::NAN, 3.0]).is_empty());
}

#[test]
fn useless_slices_anchors_and_images_do_no_harm() {
    let one =
        Image::new(Voxels::F32(Grid::filled(Extent::new(1, 1, 1).unwrap(), f32::NAN)), 1.0, 0.0, Affine::identity());
    for axis in 0..3 {
        assert_eq!(LiveWire::new(&one, axis, 0, [5.0, -5.0]).unwrap().path_to([9.0, 9.0]), [[0.0, 0.0]]);
    }
    assert!(LiveWire::new(&one, 2, 1, [0.0; 2]).is_none());
    assert!(LiveWire::new(&one, 3, 0, [0.0; 2]).is_none());
    assert!(LiveWire::new(&one, 2, 0, [f64::NAN, 0.0]).is_none());
}
