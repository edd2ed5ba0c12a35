//! Volumes that are longer than the device's textures.

use super::volumes::volume_scene;
use super::*;

/// Folded and, four times coarser along y, up to 3 voxels beyond the image.
const LIMIT: u32 = 20;

/// Long along y, from back to front.
fn long_image(is_bright: impl Fn([f64; 3]) -> bool) -> Image {
    let extent = Extent::new(9, EDGE, 8).unwrap();
    let value = |bright: bool| if bright { 1000 } else { 0 };
    Image::new(Voxels::I16(Grid::from_fn(extent, |v| value(is_bright(v.to_f64())))), 1.0, 0.0, affine())
}

/// Pictures on a device that holds the image as it is and on one that makes it coarser.
fn on_both(image: &Image, scene: &SolidScene) -> Option<[RgbaImage; 2]> {
    let stages = [Stage::new()?, Stage::on(Offscreen::with_volume_limit(LIMIT))?];
    Some(stages.map(|mut stage| {
        let volumes = stage.volumes(image);
        assert_eq!(volumes.fold().is_folded(), stage.gpu.device.limits().max_texture_dimension_3d == LIMIT);
        stage.add_ball(1, [4.0, 10.0, 4.0], 4.0);
        stage.picture(scene, Some(&volumes))
    }))
}

fn drawn_at(picture: &RgbaImage) -> Vec<bool> {
    picture.pixels().map(|p| is_drawn([p[0], p[1], p[2]])).collect()
}

#[test]
fn a_volume_longer_than_a_texture_is_seen_where_any_other_is() {
    // The bar begins where a coarse texel does; the surface lies outside of it.
    let image = long_image(|[_, y, _]| y > 51.5);
    for side in [AnatomicalDirection::Right, AnatomicalDirection::Superior, AnatomicalDirection::Anterior] {
        let mut scene = volume_scene(1.0, &[look(1, RED, 1.0)]);
        scene.camera.look_from(side);
        let Some([whole, coarse]) = on_both(&image, &scene) else { return };
        let (whole, coarse) = (drawn_at(&whole), drawn_at(&coarse));
        let drawn = whole.iter().filter(|&&drawn| drawn).count();
        let unlike = whole.iter().zip(&coarse).filter(|(a, b)| a != b).count();
        assert!(drawn > 100 && unlike * 20 < drawn, "{side:?}: {unlike} of {drawn}");
    }
}

#[test]
fn what_is_even_is_as_bright_in_a_coarse_image_up_to_its_last_voxel() {
    let mut scene = volume_scene(0.05, &[]);
    scene.camera.look_from(AnatomicalDirection::Right);
    let Some([whole, coarse]) = on_both(&long_image(|_| true), &scene) else { return };
    assert!(drawn_at(&whole).contains(&true));
    let difference = whole.iter().zip(coarse.iter()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(difference <= Some(2), "{difference:?}");
}
