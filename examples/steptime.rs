use std::sync::Arc;
use chiaro::geometry::{Affine, Extent};
use chiaro::label::LabelMap;
use chiaro::learn::data::TrainCase;
use chiaro::learn::*;
use chiaro::volume::{Grid, Image, Voxels};
fn main() {
    let e = Extent::new(36, 50, 36).unwrap();
    let cases: Vec<TrainCase> = (0..4).map(|i| {
        let vox = Grid::from_fn(e, |v| ((v.x * 7 + v.y * 13 + v.z * 29) % 101) as i16);
        let im = Arc::new(Image::new(Voxels::I16(vox), 1.0, 0.0, Affine::identity()));
        let l = if i < 2 { LabelMap::imported(Grid::from_fn(e, |v| if v.x > 20 { if v.y > 20 {1} else {2} } else { 0 })) } else { LabelMap::unknown(e) };
        TrainCase::new(format!("{i}").as_str().into(), im, l, false)
    }).collect();
    for m in Method::ALL {
        let f = Fingerprint { extents: vec![[36, 50, 36]], classes: vec![0, 1, 2], has_unlabelled: true, is_gpu: false };
        let plan = Plan::new(&f, &TrainSettings { method: m, steps: Some(100), ..Default::default() });
        let (d, _) = choose_device(&DeviceChoice::Cpu).unwrap();
        let mut t = Trainer::new(plan, cases.clone(), &d).unwrap();
        for _ in 0..2 { t.step().unwrap(); }
        let t0 = std::time::Instant::now();
        let mut best = f64::MAX;
        for _ in 0..8 { let s = std::time::Instant::now(); t.step().unwrap(); best = best.min(s.elapsed().as_secs_f64()); }
        println!("{m}: mean {:.3} best {:.3}", t0.elapsed().as_secs_f64() / 8.0, best);
    }
}
