//! Small scenes for the tests of this floor.

use proptest::prelude::*;

use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::Rejections;
use crate::label::{LabelMap, LabelValue, Origin, Prediction, Probabilities, Provenance};
use crate::review::{DoubtMap, DoubtSettings, Region, ReviewedCase, find_regions};
use crate::volume::{CaseId, Grid};

/// Sure background everywhere, nothing known.
#[derive(Clone, Debug)]
pub struct Scene {
    pub prediction: Prediction,
    pub labels: LabelMap,
    pub rejections: Rejections,
    pub spacing_mm: [f64; 3],
}

impl Scene {
    pub fn new(size: [usize; 3]) -> Self {
        let extent = Extent::from_array(size).unwrap();
        let plane = |value: u8| Grid::filled(extent, value);
        let provenance = Provenance { case: CaseId::from("a"), label_revision: 0, model: "run".into(), step: 1 };
        let prediction = Prediction {
            provenance,
            class: plane(0),
            confidence_a: plane(255),
            confidence_b: plane(255),
            class_a: plane(0),
            class_b: plane(0),
            dual_confidence: plane(255),
            probabilities: Probabilities::default(),
        };
        Self { prediction, labels: LabelMap::unknown(extent), rejections: Rejections::default(), spacing_mm: [1.0; 3] }
    }

    pub fn extent(&self) -> Extent {
        self.prediction.class.extent()
    }

    pub fn case(&self) -> ReviewedCase<'_> {
        ReviewedCase { prediction: &self.prediction, labels: &self.labels, rejections: &self.rejections }
    }

    pub fn doubt(&self) -> DoubtMap {
        DoubtMap::of(&self.case(), &DoubtSettings::default()).unwrap()
    }

    pub fn regions(&self) -> Vec<Region> {
        find_regions(&self.prediction, &self.doubt(), self.spacing_mm).unwrap()
    }

    /// Network A sees a class in a box, B does not; the mean follows `fused`.
    pub fn disagree(&mut self, b: VoxelBox, a: u8, fused: u8) {
        for v in b.intersect(&self.extent().full_box()).voxels() {
            self.prediction.class_a.set(v, a);
            self.prediction.class.set(v, fused);
            self.prediction.dual_confidence.set(v, 40);
        }
    }

    /// All networks see a class in a box, with this dual confidence.
    pub fn agree(&mut self, b: VoxelBox, class: u8, dual_confidence: u8) {
        for v in b.intersect(&self.extent().full_box()).voxels() {
            let p = &mut self.prediction;
            [&mut p.class, &mut p.class_a, &mut p.class_b].into_iter().for_each(|plane| plane.set(v, class));
            p.dual_confidence.set(v, dual_confidence);
        }
    }

    pub fn know(&mut self, b: VoxelBox) {
        self.label(b, LabelValue::new(1, Origin::Manual));
    }

    pub fn forget(&mut self, b: VoxelBox) {
        self.label(b, LabelValue::UNKNOWN);
    }

    /// Other labels, as an edit would leave them.
    fn label(&mut self, b: VoxelBox, value: LabelValue) {
        let (mut class, mut origin) = (self.labels.class().clone(), self.labels.origin().clone());
        for v in b.intersect(&self.extent().full_box()).voxels() {
            class.set(v, value.class);
            origin.set(v, value.origin);
        }
        self.labels = LabelMap::from_planes(class, origin).unwrap();
    }
}

pub fn cube(lo: [usize; 3], size: [usize; 3]) -> VoxelBox {
    VoxelBox { lo: Voxel::from(lo), hi: Voxel::from([lo[0] + size[0], lo[1] + size[1], lo[2] + size[2]]) }
}

/// Random classes, beliefs and labels on small grids; sparse enough for several regions.
pub fn any_scene() -> impl Strategy<Value = Scene> {
    let size = (1usize..24, 1usize..9, 1usize..7);
    let spacing = prop::array::uniform3(prop_oneof![Just(0.7f64), Just(1.0), Just(4.0), Just(20.0)]);
    (size, spacing, 0u8..100, any::<bool>(), any::<u64>()).prop_map(|((x, y, z), spacing_mm, density, has_np, seed)| {
        let mut scene = Scene::new([x, y, z]);
        scene.spacing_mm = spacing_mm;
        let extent = scene.extent();
        let mut state = seed | 1;
        let mut draw = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let mut np = Grid::filled(extent, 255u8);
        let mut std = Grid::filled(extent, 0u8);
        for v in extent.full_box().voxels() {
            let p = &mut scene.prediction;
            if draw() % 100 < density {
                for plane in [&mut p.class, &mut p.class_a, &mut p.class_b] {
                    plane.set(v, draw() % 3);
                }
            }
            if draw() % 100 < density {
                p.dual_confidence.set(v, draw());
                np.set(v, draw());
                std.set(v, draw());
            }
            if draw() < 40 {
                scene.label(cube(v.to_array(), [1; 3]), LabelValue::new(draw() % 3, Origin::Accepted));
            }
            if draw() < 20 {
                let index = extent.index(v);
                scene.rejections.settle(draw() % 3, std::iter::once(index..index + 1));
            }
        }
        if has_np {
            (scene.prediction.probabilities.np, scene.prediction.probabilities.np_std) = (Some(np), Some(std));
        }
        scene
    })
}
