//! Diagonal Gaussians of the latent path.

use burn::tensor::Tensor;

/// `N(mean, diag(sd^2))`. `sd` is a standard deviation wherever it is used: in sampling and in the divergence.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// `[d]` each.
    pub mean: Tensor<1>,
    pub sd: Tensor<1>,
}

impl Gaussian {
    /// `sd = 0.1 + 0.9 softplus(raw)` (NP-Match, NP-SemiSeg): never so small that the divergence explodes.
    pub fn from_raw(mean: Tensor<1>, raw: Tensor<1>) -> Self {
        let sd = burn::tensor::activation::softplus(raw, 1.0).mul_scalar(0.9).add_scalar(0.1);
        Self { mean, sd }
    }

    /// `KL(self || other) = sum_d (ln(s2 / s1) + (s1^2 + (m1 - m2)^2) / (2 s2^2) - 1/2)`, `[1]`.
    pub fn divergence_from(&self, other: &Self) -> Tensor<1> {
        let distance = (self.mean.clone() - other.mean.clone()).square();
        let spread = (self.sd.clone().square() + distance) / other.sd.clone().square().mul_scalar(2.0);
        (other.sd.clone().log() - self.sd.clone().log() + spread - 0.5).sum()
    }

    /// `mean + sd * noise` for rows of standard normal noise `[s, d]` (reparametrised).
    pub fn samples(&self, noise: Tensor<2>) -> Tensor<2> {
        self.mean.clone().unsqueeze_dim::<2>(0) + noise * self.sd.clone().unsqueeze_dim::<2>(0)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    fn gaussian(mean: [f32; 2], sd: [f32; 2]) -> Gaussian {
        let tensor = |v: [f32; 2]| Tensor::from_data(TensorData::new(v.to_vec(), [2]), &Device::flex());
        Gaussian { mean: tensor(mean), sd: tensor(sd) }
    }

    fn value(t: Tensor<1>) -> f32 {
        t.into_scalar::<f32>()
    }

    #[test]
    fn the_divergence_of_equal_distributions_is_zero_and_else_positive() {
        let a = gaussian([0.3, -1.0], [0.5, 2.0]);
        assert!(value(a.divergence_from(&a)).abs() < 1e-6);
        for b in [gaussian([0.3, -1.0], [0.5, 1.0]), gaussian([0.0, -1.0], [0.5, 2.0])] {
            assert!(value(a.divergence_from(&b)) > 0.01 && value(b.divergence_from(&a)) > 0.01);
        }
    }

    #[test]
    fn the_divergence_takes_sd_as_a_standard_deviation() {
        // KL(N(0, 2^2) || N(1, 1)) = ln(1/2) + (4 + 1) / 2 - 1/2, twice.
        let kl = value(gaussian([0.0; 2], [2.0; 2]).divergence_from(&gaussian([1.0; 2], [1.0; 2])));
        assert!((kl - 2.0 * (0.5f32.ln() + 2.0)).abs() < 1e-5, "{kl}");
    }

    #[test]
    fn samples_have_the_mean_and_the_standard_deviation() {
        let g = gaussian([3.0, -2.0], [0.5, 2.0]);
        let noise = Tensor::from_data(TensorData::new(vec![1.0f32, 1.0, -1.0, -1.0], [2, 2]), &Device::flex());
        let samples: Vec<f32> = g.samples(noise).into_data().try_to_vec().unwrap();
        assert_eq!(samples, [3.5, 0.0, 2.5, -4.0]);
    }

    #[test]
    fn the_standard_deviation_never_falls_below_a_tenth() {
        let raw = Tensor::from_data(TensorData::new(vec![-50.0f32, 0.0], [2]), &Device::flex());
        let sd: Vec<f32> = Gaussian::from_raw(raw.clone(), raw).sd.into_data().try_to_vec().unwrap();
        assert!((sd[0] - 0.1).abs() < 1e-5 && (sd[1] - 0.1 - 0.9 * 2.0f32.ln()).abs() < 1e-5);
    }
}
