//! What is empty, missing or nonsense.

use std::sync::Arc;

use super::*;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::SurfaceMesh;
use crate::view::{TransferFunction, TransferPreset, VolumeMode, WindowLevel};

#[test]
fn meshes_that_are_empty_or_not_whole_are_not_drawn() {
    let Some(mut stage) = Stage::new() else { return };
    let whole = SurfaceMesh {
        positions_mm: vec![[-90.0, 60.0, 10.0], [-50.0, 60.0, 10.0], [-70.0, 60.0, 70.0]],
        normals: vec![[0.0; 3]; 3],
        triangles: vec![[0, 1, 2]],
    };
    let meshes = [
        SurfaceMesh::default(),
        SurfaceMesh { triangles: vec![[0, 1, 9]], ..whole.clone() },
        SurfaceMesh { normals: Vec::new(), ..whole.clone() },
        SurfaceMesh { positions_mm: vec![[f32::NAN; 3]; 3], ..whole.clone() },
    ];
    let scene = scene(&[look(1, RED, 1.0)]);
    for mesh in meshes {
        stage.renderer.set_surface(&stage.gpu.device, 1, 0, Some(&mesh));
        assert_eq!(middle(&stage.picture(&scene, None)), BACKGROUND);
    }
    stage.renderer.set_surface(&stage.gpu.device, 1, 0, Some(&whole));
    assert!(is_red(middle(&stage.picture(&scene, None))), "normals without a direction face the viewer");
    stage.renderer.set_surface(&stage.gpu.device, 1, 0, None);
    assert_eq!(middle(&stage.picture(&scene, None)), BACKGROUND);
}

#[test]
fn a_view_without_area_and_one_never_prepared_paint_nothing() {
    let Some(mut stage) = Stage::new() else { return };
    let canvas = stage.gpu.canvas([8, 8]);
    for size_px in [[0, 0], [0, 9], [7, 0]] {
        let scene = SolidScene { size_px, ..scene(&[]) };
        let gpu = &stage.gpu;
        assert!(!stage.renderer.prepare(&gpu.device, &gpu.queue, VIEW, &scene, None).unwrap());
        gpu.paint(&canvas, |pass| {
            stage.renderer.paint(pass, VIEW, [0.0, 0.0, 8.0, 8.0]);
            stage.renderer.paint(pass, ViewId(99), [0.0, 0.0, 8.0, 8.0]);
        })
        .unwrap();
        assert_eq!(gpu.read(&canvas).unwrap().get_pixel(4, 4).0, [0, 0, 0, 255]);
    }
    stage.picture(&SolidScene { size_px: [1, 1], ..scene(&[]) }, None);
    let gpu = &stage.gpu;
    for rectangle in [[0.0; 4], [f32::NAN; 4], [0.0, 0.0, 1e9, 5.0], [-1e9, 0.0, 5.0, 5.0]] {
        gpu.paint(&canvas, |pass| stage.renderer.paint(pass, VIEW, rectangle)).unwrap();
    }
}

#[test]
fn a_volume_that_is_missing_nowhere_or_clipped_away_leaves_the_background() {
    let Some(mut stage) = Stage::new() else { return };
    let volumes = stage.volumes(&bright_ball(15.0));
    let transfer = TransferPreset::Window.function(&WindowLevel::between(0.0, 1000.0));
    let good = VolumeLook {
        transfer: Arc::new(transfer),
        world_from_voxel: affine(),
        clip: extent().full_box(),
        density: 1.0,
        max_steps: 100,
    };
    let drawn = |stage: &mut Stage, look: &VolumeLook, is_there: bool| {
        let scene = SolidScene { volume: Some(look.clone()), ..scene(&[]) };
        is_drawn(middle(&stage.picture(&scene, is_there.then_some(&volumes))))
    };
    assert!(drawn(&mut stage, &good, true));
    assert!(!drawn(&mut stage, &good, false));
    let flat = Affine::from_spacing([1.0, 0.0, 1.0]);
    assert!(!drawn(&mut stage, &VolumeLook { world_from_voxel: flat, ..good.clone() }, true));
    let clip = VoxelBox { lo: Voxel::new(40, 40, 40), hi: Voxel::new(20, 50, 50) };
    assert!(!drawn(&mut stage, &VolumeLook { clip, ..good.clone() }, true));
    let nothing = Arc::new(TransferFunction::new(&[], VolumeMode::Tissue));
    assert!(!drawn(&mut stage, &VolumeLook { transfer: nothing, ..good.clone() }, true));
    for (density, max_steps) in [(f32::NAN, 0), (f32::INFINITY, 1), (-1.0, 3)] {
        drawn(&mut stage, &VolumeLook { density, max_steps, ..good.clone() }, true);
    }
}
