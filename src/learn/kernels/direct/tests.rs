//! All three against plain sums in f64, on shapes that reach every edge, in every instruction set of this computer.

use pulp::Arch;
use rayon::ThreadPoolBuilder;

use super::*;
use crate::learn::kernels::testing::{dot, random};

/// `(kernel, [batch, in, out], [z, y, x])`.
const SHAPES: [(usize, [usize; 3], [usize; 3]); 22] = [
    (7, [1, 1, 1], [1, 1, 1]),
    (3, [2, 3, 5], [1, 1, 1]),
    (7, [1, 1, 16], [5, 6, 48]),
    (7, [2, 1, 16], [3, 9, 33]),
    (7, [1, 16, 1], [4, 5, 47]),
    (7, [1, 3, 17], [2, 3, 5]),
    (7, [1, 17, 3], [3, 2, 6]),
    (7, [1, 2, 2], [9, 8, 7]),
    (5, [2, 5, 3], [3, 4, 19]),
    (5, [1, 1, 5], [6, 1, 130]),
    (5, [1, 3, 1], [1, 7, 31]),
    (5, [1, 17, 17], [2, 3, 4]),
    (3, [1, 1, 1], [7, 3, 2]),
    (3, [2, 3, 1], [5, 4, 1]),
    (3, [1, 5, 17], [3, 5, 65]),
    (3, [3, 17, 5], [2, 2, 9]),
    (1, [1, 2, 3], [2, 3, 17]),
    (9, [1, 1, 3], [3, 4, 11]),
    // Several bands of rows, also with neighbouring rows in a panel, and rows of 4 to 7 registers.
    (3, [1, 70, 2], [1, 21, 81]),
    (3, [1, 1, 120], [1, 17, 96]),
    (5, [1, 1, 9], [1, 5, 112]),
    (3, [1, 2, 1], [1, 3, 64]),
];

/// A case with input, weights and gradient of the output.
fn each(mut f: impl FnMut(&Direct, [&[f32]; 3])) {
    for (kernel, [batch, channels, out_channels], size) in SHAPES {
        let dims = Dims { batch, channels, size };
        let shape = Direct { dims, out_channels, kernel };
        let x = random(dims.len(), 1);
        let w = random(out_channels * channels * shape.taps(), 2);
        f(&shape, [&x, &w, &random(batch * out_channels * dims.volume(), 3)]);
    }
}

/// Output and both gradients.
fn all(arch: Arch, shape: &Direct, [x, w, g]: [&[f32]; 3]) -> [Vec<f32>; 3] {
    [
        forward::forward(arch, shape, x, w),
        forward::data_gradient(arch, shape, g, w),
        weight_gradient::weight_gradient(arch, shape, x, g),
    ]
}

/// Every instruction set that this computer has.
fn arches() -> Vec<Arch> {
    let arches = [Arch::new(), Arch::Scalar].into_iter();
    #[cfg(target_arch = "x86_64")]
    let arches = arches.chain(pulp::x86::V3::try_new().map(Arch::V3));
    arches.collect()
}

#[track_caller]
fn assert_close(ours: &[f32], exact: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), exact.len(), "{what}");
    let largest = exact.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    let worst = ours.iter().zip(exact).map(|(o, e)| (f64::from(*o) - e).abs()).fold(0.0, f64::max);
    assert!(worst <= tolerance * largest, "{what}: {:e} of the largest", worst / largest);
}

#[test]
fn output_and_gradients_equal_plain_sums_in_every_instruction_set() {
    each(|shape, values| {
        let [x, w, g] = values;
        let exact = [
            reference::forward(shape, x, w),
            reference::data_gradient(shape, g, w),
            reference::weight_gradient(shape, x, g),
        ];
        for arch in arches() {
            for (i, (ours, exact)) in all(arch, shape, values).iter().zip(&exact).enumerate() {
                assert_close(ours, exact, 1e-5, &format!("{i} {arch:?} {shape:?}"));
            }
        }
    });
}

#[test]
fn portable_registers_give_the_same_as_those_of_this_computer() {
    each(|shape, values| {
        let here = all(Arch::new(), shape, values);
        // A weight's gradient is a sum over all voxels: without lanes it is one long chain, which loses more digits.
        let tolerances = [1e-6, 1e-6, 3e-6];
        for (i, (ours, portable)) in here.iter().zip(all(Arch::Scalar, shape, values)).enumerate() {
            let portable: Vec<f64> = portable.iter().map(|v| f64::from(*v)).collect();
            assert_close(ours, &portable, tolerances[i], &format!("{i} {shape:?}"));
        }
    });
}

/// `<conv(x, w), g> = <x, data_gradient(g, w)> = <w, weight_gradient(x, g)>`.
#[test]
fn gradients_are_adjoint_to_the_forward_pass() {
    each(|shape, [x, w, g]| {
        let y = shape.forward(x, w);
        let (ours, scale) = (dot(&y, g), (dot(&y, &y) * dot(g, g)).sqrt());
        for other in [dot(x, &shape.data_gradient(g, w)), dot(w, &shape.weight_gradient(x, g))] {
            assert!((ours - other).abs() < 1e-5 * scale, "{ours} {other} {shape:?}");
        }
    });
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    each(|shape, values| {
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| all(Arch::new(), shape, values)).map(|v| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
        };
        assert_eq!(with(1), with(3));
    });
}

#[test]
fn empty_arrays_give_empty_results() {
    let dims = Dims { batch: 0, channels: 2, size: [3, 3, 3] };
    let shape = Direct { dims, out_channels: 1, kernel: 3 };
    assert!(shape.forward(&[], &[0.0; 54]).is_empty());
    assert!(shape.data_gradient(&[], &[0.0; 54]).is_empty());
    assert_eq!(shape.weight_gradient(&[], &[]), vec![0.0; 54]);
    let shape = Direct { dims: Dims { batch: 1, channels: 0, size: [1, 1, 2] }, out_channels: 3, kernel: 3 };
    assert_eq!(shape.forward(&[], &[]), vec![0.0; 6]);
    let shape = Direct { dims: Dims { batch: 1, channels: 2, size: [1, 1, 2] }, out_channels: 0, kernel: 3 };
    assert!(shape.forward(&[1.0; 4], &[]).is_empty());
    assert!(shape.weight_gradient(&[1.0; 4], &[]).is_empty());
    assert_eq!(shape.data_gradient(&[], &[]), vec![0.0; 4]);
}
