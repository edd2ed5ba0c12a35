//! Our convolutions against burn's operators, layer by layer.

use serde_json::json;

use super::{BenchArgs, Outcome, check_patch, print, rounded};
use crate::learn::{KernelKind, KernelTiming, choose_device, compare_kernels, peak_gflops};

/// GFLOP/s count a convolution as a direct one; ours needs 2.25 times fewer multiplications, so its share of the peak may
/// pass 1.
pub fn conv(args: &BenchArgs) -> Outcome {
    let (device, report) = choose_device(&args.device)?;
    let only = args.patch.map(|patch| [patch, args.base.max(1), args.levels.clamp(2, 5)]);
    // Of the processor; a GPU's would need a kernel for each make.
    let peak = (!report.is_gpu).then(peak_gflops);
    if let Some([patch, _, levels]) = only {
        check_patch(patch, levels)?;
    }
    let mut layers = serde_json::Map::new();
    let mut logarithms = [(0.0, 0.0); 3];
    for KernelTiming { layer, kind, ours_ms, burn_ms, flop } in compare_kernels(&device, only)? {
        let ratio = burn_ms / ours_ms;
        if let Some((sum, count)) = KernelKind::ALL.iter().position(|k| *k == kind).and_then(|i| logarithms.get_mut(i))
        {
            *sum += ratio.ln();
            *count += 1.0;
        }
        let row = json!({
            "ms": rounded(ours_ms),
            "gflops": rounded(flop / ours_ms / 1e6),
            "share_of_peak": peak.map(|peak| rounded(flop / ours_ms / 1e6 / peak)),
            "burn_ms": rounded(burn_ms),
            "ratio_to_burn": rounded(ratio),
        });
        layers.entry(layer).or_insert_with(|| json!({}))[kind.name()] = row;
    }
    let mut means = serde_json::Map::new();
    for (kind, (sum, count)) in KernelKind::ALL.iter().zip(logarithms) {
        let mean: f64 = sum / f64::max(count, 1.0);
        means.insert(kind.name().into(), json!(rounded(mean.exp())));
    }
    let value = json!({
        "device": report.name,
        "peak_gflops": peak.map(rounded),
        "layers": layers,
        "ratio_to_burn_geometric_mean": means,
    });
    print(&value, args.json)
}
