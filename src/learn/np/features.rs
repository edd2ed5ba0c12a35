//! What the neural process reads of a voxel: the decoder features of both networks.

use burn::tensor::Tensor;

use super::bank::selected;

/// Rows `[n, 2 width]` for voxels `item * voxels_per_crop + voxel` of one map `[b, width, z, y, x]` per network.
pub fn feature_rows(maps: [&Tensor<5>; 2], index: &[usize]) -> Tensor<2> {
    Tensor::cat(maps.iter().map(|map| rows_of(map, index)).collect(), 1)
}

/// Rows `[n, c]` of a map `[b, c, z, y, x]`.
pub fn rows_of(map: &Tensor<5>, index: &[usize]) -> Tensor<2> {
    let [b, c, z, y, x] = map.dims();
    selected(&map.clone().permute([0, 2, 3, 4, 1]).reshape([b * z * y * x, c]), index)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;

    /// `[2, 2, 4, 4, 6]`; a voxel holds its number, and its number plus 0.5 in the second channel.
    fn map() -> Tensor<5> {
        let voxels = 4 * 4 * 6;
        let value = |plane: usize, i: usize| (plane / 2 * voxels + i) as f32 + (plane % 2) as f32 / 2.0;
        let values: Vec<f32> = (0..4).flat_map(|plane| (0..voxels).map(move |i| value(plane, i))).collect();
        Tensor::from_data(TensorData::new(values, [2, 2, 4, 4, 6]), &Device::flex())
    }

    #[test]
    fn a_row_holds_the_channels_of_its_voxel_of_both_networks() {
        let rows = feature_rows([&map(), &(map() + 1000.0)], &[0, 150]);
        let values: Vec<f32> = rows.into_data().try_to_vec().unwrap();
        assert_eq!(values, [0.0, 0.5, 1000.0, 1000.5, 150.0, 150.5, 1150.0, 1150.5]);
    }

    #[test]
    fn gradients_reach_the_drawn_voxels_only() {
        let map = Tensor::<5>::from_inner(map()).require_grad();
        let gradients = feature_rows([&map, &map], &[3]).sum().backward();
        let g: Vec<f32> = map.grad(&gradients).unwrap().into_data().try_to_vec().unwrap();
        assert_eq!((g[3], g[96 + 3]), (2.0, 2.0));
        assert_eq!(g.iter().sum::<f32>(), 4.0);
    }
}
