//! All kernels against plain sums in f64, on shapes that reach every edge.

use super::*;
use crate::learn::kernels::testing::dot;

fn random(len: usize, mut seed: u64) -> Vec<f32> {
    seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// `([batch, in, out], [z, y, x])`.
const SHAPES: [([usize; 3], [usize; 3]); 19] = [
    ([1, 1, 1], [1, 1, 1]),
    ([2, 3, 5], [1, 1, 1]),
    ([2, 3, 5], [4, 5, 6]),
    ([1, 8, 8], [3, 2, 25]),
    ([3, 4, 4], [2, 7, 1]),
    ([1, 2, 9], [5, 1, 30]),
    ([2, 4, 17], [4, 3, 2]),
    ([1, 5, 7], [6, 2, 3]),
    ([1, 17, 2], [3, 3, 3]),
    ([2, 9, 3], [1, 9, 16]),
    ([1, 1, 16], [5, 6, 17]),
    ([1, 2, 1], [7, 4, 47]),
    ([1, 1, 2], [3, 3, 130]),
    ([2, 16, 16], [6, 40, 33]),
    ([1, 40, 70], [5, 6, 7]),
    ([3, 128, 33], [3, 3, 3]),
    ([1, 3, 2], [2, 3, 6000]),
    ([5, 1, 1], [9, 10, 11]),
    ([1, 64, 8], [12, 13, 12]),
];

fn assert_close(ours: &[f32], exact: &[f64], what: &str) {
    assert_eq!(ours.len(), exact.len(), "{what}");
    let scale = (exact.iter().map(|e| e * e).sum::<f64>() / exact.len() as f64).sqrt();
    let worst = ours.iter().zip(exact).map(|(&o, e)| (f64::from(o) - e).abs()).fold(0.0, f64::max);
    assert!(worst <= 1e-5 * scale, "{what}: {:e} of the scale", worst / scale);
}

#[test]
fn forward_data_gradient_and_weight_gradient_equal_plain_sums() {
    for ([batch, channels, out], size) in SHAPES {
        let name = format!("{batch} {channels}->{out} {size:?}");
        let dims = Dims { batch, channels, size };
        let (x, w) = (random(dims.len(), 1), random(out * channels * TAPS, 2));
        let g = random(batch * out * dims.volume(), 3);
        let (ours, _) = conv3_forward(&x, dims, &w, out, false);
        assert_close(&ours, &reference::forward(&x, dims, &w, out), &format!("forward {name}"));
        let g_dims = Dims { channels: out, ..dims };
        let flipped = reference::flipped(&w, out, channels);
        let exact = reference::forward(&g, g_dims, &flipped, channels);
        assert_close(&conv3_data_gradient(&g, g_dims, &w, channels), &exact, &format!("data gradient {name}"));
        let exact = reference::weight_gradient(&x, dims, &g, out);
        assert_close(&conv3_weight_gradient(&x, dims, &g, out), &exact, &format!("weight gradient {name}"));
    }
}

#[test]
fn gradients_are_adjoint_to_the_forward_pass() {
    for ([batch, channels, out], size) in SHAPES {
        let dims = Dims { batch, channels, size };
        let (x, w) = (random(dims.len(), 4), random(out * channels * TAPS, 5));
        let g = random(batch * out * dims.volume(), 6);
        let (y, _) = conv3_forward(&x, dims, &w, out, false);
        let dx = conv3_data_gradient(&g, Dims { channels: out, ..dims }, &w, channels);
        let dw = conv3_weight_gradient(&x, dims, &g, out);
        let (yg, xdx, wdw) = (dot(&y, &g), dot(&x, &dx), dot(&w, &dw));
        let scale = (dot(&y, &y) * dot(&g, &g)).sqrt();
        assert!((yg - xdx).abs() < 1e-5 * scale && (yg - wdw).abs() < 1e-5 * scale, "{yg} {xdx} {wdw}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    for ([batch, channels, out], size) in SHAPES {
        let dims = Dims { batch, channels, size };
        let (x, w) = (random(dims.len(), 7), random(out * channels * TAPS, 8));
        let g = random(batch * out * dims.volume(), 9);
        let run = |threads| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
                let (y, moments) = conv3_forward(&x, dims, &w, out, true);
                (y, moments, conv3_weight_gradient(&x, dims, &g, out))
            })
        };
        let one = run(1);
        for threads in [2, 3, 7] {
            assert_eq!(one, run(threads));
        }
    }
}

#[test]
fn moments_equal_two_passes_over_what_was_stored() {
    for ([batch, channels, out], size) in SHAPES {
        for offset in [0.0, 1000.0] {
            let dims = Dims { batch, channels, size };
            let x: Vec<f32> = random(dims.len(), 10).iter().map(|x| x + offset).collect();
            let w = random(out * channels * TAPS, 11);
            let (y, moments) = conv3_forward(&x, dims, &w, out, true);
            let moments = moments.unwrap();
            assert_eq!(moments.len(), batch * out);
            for (values, ours) in y.chunks_exact(dims.volume()).zip(moments) {
                let count = values.len() as f64;
                let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
                let m2 = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>();
                let spread = (m2 / count).sqrt();
                assert_eq!(ours.count, count);
                assert!((ours.mean - mean).abs() <= 1e-6 * spread + 1e-9 * mean.abs(), "{} {mean}", ours.mean);
                assert!((ours.m2 - m2).abs() <= 1e-5 * m2, "{} {m2}", ours.m2);
            }
        }
    }
}

#[test]
fn empty_arrays_give_empty_results() {
    let dims = Dims { batch: 0, channels: 2, size: [3, 3, 3] };
    assert!(conv3_forward(&[], dims, &[0.0; 54], 1, true).0.is_empty());
    assert_eq!(conv3_weight_gradient(&[], dims, &[], 1), vec![0.0; 54]);
    let dims = Dims { batch: 1, channels: 0, size: [1, 1, 2] };
    assert_eq!(conv3_forward(&[], dims, &[], 3, true).0, vec![0.0; 6]);
    let dims = Dims { channels: 2, ..dims };
    assert!(conv3_forward(&[1.0; 4], dims, &[], 0, true).0.is_empty());
    assert!(conv3_weight_gradient(&[1.0; 4], dims, &[], 0).is_empty());
}
