use std::collections::BTreeSet;

use proptest::prelude::*;

use super::shape::segment_distance_squared;
use super::*;
use crate::edit::slice_plane::SlicePlane;

const COLUMNS: usize = 14;
const ROWS: usize = 11;

/// A volume whose slices along every axis can be looked at as pictures of 14 columns and 11 rows, `depth` of them.
fn extent(axis: usize, depth: usize) -> Extent {
    match axis {
        0 => Extent::new(depth, COLUMNS, ROWS).unwrap(),
        1 => Extent::new(COLUMNS, depth, ROWS).unwrap(),
        _ => Extent::new(COLUMNS, ROWS, depth).unwrap(),
    }
}

fn outline(points: &[[f64; 2]]) -> Outline {
    Outline { axis: 2, slice: 0, points: points.to_vec() }
}

fn pixels(outline: &Outline) -> BTreeSet<[usize; 2]> {
    outline.voxels(extent(2, 1)).indices().map(|i| [i % COLUMNS, i / COLUMNS]).collect()
}

/// Quarters of a voxel, so that many edges run through voxel centres and whole-number arithmetic is exact.
fn quarters() -> impl Strategy<Value = Vec<[i64; 2]>> {
    prop::collection::vec(prop::array::uniform2(-12i64..66), 0..9)
}

fn from_quarters(points: &[[i64; 2]]) -> Outline {
    outline(&points.iter().map(|p| p.map(|c| c as f64 / 4.0)).collect::<Vec<_>>())
}

/// Even-odd by definition: edges that cross the row of the centre at or before it, ends below the row not counted.
fn is_inside(points: &[[i64; 2]], pixel: [usize; 2]) -> bool {
    let [x, y] = pixel.map(|c| 4 * c as i64);
    let crossed = (0..points.len()).filter(|&k| {
        let (a, b) = (points[k], points[(k + 1) % points.len()]);
        let (low, high) = if a[1] < b[1] { (a, b) } else { (b, a) };
        low[1] <= y && y < high[1] && (x - low[0]) * (high[1] - low[1]) >= (y - low[1]) * (high[0] - low[0])
    });
    crossed.count() % 2 == 1
}

fn all_pixels() -> impl Iterator<Item = [usize; 2]> {
    (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| [column, row]))
}

proptest! {
    #[test]
    fn a_voxel_is_inside_if_its_centre_is_by_the_even_odd_rule(points in quarters()) {
        let expected: BTreeSet<_> = all_pixels().filter(|p| is_inside(&points, *p)).collect();
        prop_assert_eq!(pixels(&from_quarters(&points)), expected);
    }

    #[test]
    fn two_polygons_that_share_an_edge_share_no_voxel_and_leave_none_out(
        cut in prop::collection::vec(0.0f64..13.0, 4), whole in any::<bool>(),
    ) {
        // A rectangle cut from top to bottom along a bent line, walked down by one part and up by the other.
        let rows = [0.0, 2.0, 5.5, 10.0];
        let bend: Vec<[f64; 2]> =
            cut.iter().zip(rows).map(|(x, y)| [if whole { x.floor() } else { *x }, y]).collect();
        let mut left = vec![[0.0, 10.0], [0.0, 0.0]];
        left.extend(&bend);
        let mut right: Vec<[f64; 2]> = bend.iter().rev().copied().collect();
        right.extend([[13.0, 0.0], [13.0, 10.0]]);
        let (left, right) = (pixels(&outline(&left)), pixels(&outline(&right)));
        prop_assert!(left.is_disjoint(&right));
        let both: BTreeSet<_> = left.union(&right).copied().collect();
        prop_assert_eq!(both, pixels(&Outline::rectangle(2, 0, [0.0, 0.0], [13.0, 10.0])));
    }

    #[test]
    fn a_chord_cuts_any_polygon_into_two_that_make_it_up(
        points in prop::collection::vec(prop::array::uniform2(-3.0f64..15.0), 4..9), at in 2usize..7,
    ) {
        let at = at.min(points.len() - 2);
        let mut second = points[at..].to_vec();
        second.push(points[0]);
        let (first, second) = (pixels(&outline(&points[..=at])), pixels(&outline(&second)));
        let parted: BTreeSet<_> = first.symmetric_difference(&second).copied().collect();
        prop_assert_eq!(parted, pixels(&outline(&points)));
    }

    #[test]
    fn the_same_outline_covers_the_same_pixels_in_all_three_views(
        points in quarters(), slices in prop::array::uniform2(0usize..7),
    ) {
        let expected = pixels(&from_quarters(&points));
        for axis in 0..3 {
            let extent = extent(axis, 5);
            let drawn = Outline { axis, slice: 3, ..from_quarters(&points) };
            let in_slice = |slice: usize| {
                let plane = SlicePlane::new(extent, axis, slice).unwrap();
                expected.iter().map(move |p| extent.index(plane.voxel(*p)))
            };
            prop_assert!(drawn.voxels(extent).indices().eq(in_slice(3).collect::<BTreeSet<_>>()));
            let through: BTreeSet<usize> = (slices[0]..slices[1].min(5)).flat_map(in_slice).collect();
            prop_assert!(drawn.through_volume(extent, slices[0]..slices[1]).indices().eq(through));
        }
    }

    #[test]
    fn a_simplified_outline_keeps_within_its_tolerance_with_some_of_the_corners(
        points in prop::collection::vec(prop::array::uniform2(0.0f64..20.0), 0..40), tolerance in 0.0f64..4.0,
    ) {
        let simple = outline(&points).simplified(tolerance);
        let mut rest = points.iter();
        prop_assert!(simple.points.iter().all(|p| rest.any(|q| q == p)), "corners in their order");
        for p in &points {
            let off = edges(&simple.points).map(|(a, b)| segment_distance_squared(*p, a, b)).fold(f64::MAX, f64::min);
            prop_assert!(off.sqrt() <= tolerance + 1e-9);
        }
    }
}

#[test]
fn scissors_cut_through_every_slice() {
    let extent = extent(2, 5);
    let drawn = Outline::rectangle(2, 3, [1.5, 1.5], [4.5, 3.5]);
    assert_eq!(drawn.voxels(extent).voxel_count(), 6);
    assert_eq!(drawn.through_volume(extent, 0..usize::MAX).voxel_count(), 30);
    assert!(drawn.through_volume(extent, usize::MAX - 1..usize::MAX).is_empty());
}

#[test]
fn useless_outlines_cover_nothing_and_do_no_harm() {
    let nan = [f64::NAN, 2.0];
    for points in [vec![], vec![[3.0, 3.0]], vec![[1.0, 1.0], [5.0, 5.0]], vec![nan; 5]] {
        let drawn = outline(&points);
        assert!(pixels(&drawn).is_empty());
        assert!(pixels(&drawn.simplified(f64::NAN)).is_empty() && pixels(&drawn.smoothed(9)).is_empty());
    }
    let square = Outline::rectangle(2, 0, [1.0, 1.0], [4.0, 4.0]);
    for missing in [Outline { slice: usize::MAX, ..square.clone() }, Outline { axis: 7, ..square.clone() }] {
        assert!(missing.voxels(extent(2, 1)).is_empty());
    }
    let mut holed = square.clone();
    holed.points.insert(2, nan);
    assert_eq!(pixels(&holed), pixels(&square));
    assert!(pixels(&Outline::ellipse(2, 0, nan, [1.0, 1.0])).is_empty());
}

#[test]
fn an_outline_beyond_the_volume_covers_all_of_its_slice() {
    let endless = f64::INFINITY;
    for reach in [1e3, 1e300, endless] {
        assert_eq!(pixels(&Outline::rectangle(2, 0, [-reach, -reach], [reach, reach])).len(), COLUMNS * ROWS);
        assert_eq!(pixels(&Outline::ellipse(2, 0, [reach, -reach], [-reach, reach])).len(), COLUMNS * ROWS);
    }
}

#[test]
fn an_ellipse_holds_the_voxels_of_its_formula() {
    let drawn = Outline::ellipse(2, 0, [0.4, 9.3], [12.7, 1.1]);
    let inside = |p: &[usize; 2]| {
        let [x, y] = [(p[0] as f64 - 6.55) / 6.15, (p[1] as f64 - 5.2) / 4.1];
        x * x + y * y < 1.0
    };
    assert_eq!(pixels(&drawn), all_pixels().filter(inside).collect());
}

#[test]
fn a_freehand_circle_becomes_few_corners_and_the_curve_through_them_a_circle_again() {
    let turn = |k: usize, n: usize| std::f64::consts::TAU * k as f64 / n as f64;
    let circle = |n: usize| (0..n).map(|k| [50.0 + 30.0 * turn(k, n).cos(), 40.0 + 30.0 * turn(k, n).sin()]).collect();
    let drawn = Outline { axis: 1, slice: 4, points: circle(600) };
    let simple = drawn.simplified(1.0);
    assert!((8..=20).contains(&simple.points.len()), "{}", simple.points.len());
    assert_eq!((simple.axis, simple.slice), (1, 4));
    let twelve = Outline { points: circle(12), ..drawn };
    let smooth = twelve.smoothed(8);
    assert!(smooth.points.iter().step_by(8).eq(&twelve.points), "it runs through the corners");
    assert!(smooth.points.iter().all(|p| ((p[0] - 50.0).hypot(p[1] - 40.0) - 30.0).abs() < 0.1));
    assert_eq!(twelve.smoothed(usize::MAX).points.len(), 12 * 64);
}

#[test]
fn anchors_are_found_as_the_screen_shows_them() {
    // Rows are three times as far apart as columns.
    let drawn = Outline { axis: 1, ..outline(&[[0.0, 0.0], [9.0, 0.0], [9.0, 4.0], [0.0, 4.0]]) };
    let spacing = [1.0, 50.0, 3.0];
    assert_eq!(drawn.nearest_anchor([9.0, 2.5], spacing), Some((2, 4.5)));
    let hit = drawn.nearest_edge([6.5, 1.0], spacing).unwrap();
    assert_eq!((hit.edge, hit.at, hit.distance_mm), (1, [9.0, 1.0], 2.5));
    let closing = drawn.nearest_edge([-1.0, 2.0], spacing).unwrap();
    assert_eq!((closing.edge, closing.at), (3, [0.0, 2.0]));
    assert!(drawn.nearest_anchor([f64::NAN, 0.0], spacing).is_none());
    assert!(drawn.nearest_edge([f64::NAN, 0.0], spacing).is_none());
    assert!(outline(&[]).nearest_edge([0.0, 0.0], spacing).is_none());
    assert!(drawn.nearest_edge([1.0, 1.0], [0.0, f64::NAN, -1.0]).is_some());
}

#[test]
fn anchors_are_added_moved_and_taken_away() {
    let mut drawn = outline(&[[0.0, 0.0], [8.0, 0.0], [8.0, 6.0]]);
    assert_eq!(drawn.insert_anchor(2, [2.0, 5.0]), Some(3));
    assert!(drawn.move_anchor(3, [0.0, 6.0]));
    assert_eq!(pixels(&drawn), pixels(&Outline::rectangle(2, 0, [0.0, 0.0], [8.0, 6.0])));
    assert!(drawn.remove_anchor(0));
    assert_eq!(drawn.points, [[8.0, 0.0], [8.0, 6.0], [0.0, 6.0]]);
    let before = drawn.clone();
    assert_eq!(drawn.insert_anchor(3, [1.0, 1.0]), None);
    assert_eq!(drawn.insert_anchor(0, [f64::INFINITY, 1.0]), None);
    assert!(!drawn.move_anchor(3, [1.0, 1.0]) && !drawn.move_anchor(0, [f64::NAN, 1.0]) && !drawn.remove_anchor(3));
    assert_eq!(drawn, before);
}

#[test]
fn the_outer_boundary_of_a_region_leaves_out_holes_and_corner_neighbours() {
    let picture = ["....#.", ".###..", ".#.#..", ".###..", "......"];
    let inside = |p: [i64; 2]| {
        let row = usize::try_from(p[1]).ok().and_then(|y| picture.get(y));
        let pixel = usize::try_from(p[0]).ok().and_then(|x| row?.as_bytes().get(x));
        pixel == Some(&b'#')
    };
    let boundary = outer_boundary(inside, [1, 1]);
    assert_eq!(boundary.len(), 12);
    assert!(boundary.iter().all(|c| inside(c.pixel) && !inside(c.beyond()) && c.beyond() != [2, 2]));
    assert_eq!(outer_boundary(inside, [4, 0]).len(), 4);
}
