//! A teacher that follows a student: the exponential moving average of its weights (Tarvainen & Valpola 2017).
//!
//! Running statistics are averaged like weights: a teacher runs without gradients, and then they are what batch norm
//! normalises by.

use std::collections::VecDeque;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The published methods' share of itself that a teacher keeps in a step.
const LARGEST_DECAY: f64 = 0.99;

/// What a teacher keeps of itself after `step` steps: at first it is the mean of all students.
pub fn teacher_decay(step: u64) -> f64 {
    (1.0 - 1.0 / (step as f64 + 1.0)).min(LARGEST_DECAY)
}

/// `decay teacher + (1 - decay) student` of two networks of the same shape, without gradients. A first teacher is
/// `student.valid()`; a clone would share the student's running statistics.
pub fn averaged<M: Module>(teacher: M, student: &M, decay: f64) -> M {
    let mut weights = Weights(VecDeque::new());
    student.valid().visit(&mut weights);
    // Mapped in place, running statistics would change in clones of the teacher too.
    teacher.valid().map(&mut Averaging { students: weights, decay })
}

/// All numbers of a module in traversal order, flattened.
struct Weights(VecDeque<Tensor<1>>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push_back(param.val().reshape([-1]));
    }
}

struct Averaging {
    students: Weights,
    decay: f64,
}

impl ModuleMapper for Averaging {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, teacher, mapper) = param.consume();
        let averaged = match self.students.0.pop_front() {
            Some(student) => {
                let student = student.reshape(teacher.dims());
                teacher.mul_scalar(self.decay) + student.mul_scalar(1.0 - self.decay)
            }
            None => teacher,
        };
        Param::from_mapped_value(id, averaged, mapper)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData, Tolerance};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::learn::nn::testing::{config, network, variants};
    use crate::learn::nn::{Architecture, DropoutDraw, InitScheme, Network, NetworkConfig, Normalisation};

    fn image(device: &Device) -> Tensor<5> {
        Tensor::random([2, 1, 8, 8, 8], Distribution::Normal(1.0, 2.0), device)
    }

    fn output(network: &Network, image: &Tensor<5>) -> TensorData {
        network.forward(image.clone(), &DropoutDraw::default()).logits.into_data()
    }

    #[test]
    fn a_teacher_that_keeps_nothing_gives_the_students_output_in_evaluation_mode() {
        let device = Device::flex();
        let tracking = device.clone().autodiff();
        for config in variants() {
            let teacher = network(&config, &device);
            let student = config.init(InitScheme::XavierNormal, &mut ChaCha8Rng::seed_from_u64(9), &tracking);
            // Running statistics that differ from those of a fresh network.
            output(&student, &image(&tracking));
            let image = image(&device);
            let teacher = averaged(teacher, &student, 0.0);
            assert_eq!(output(&teacher, &image), output(&student.valid(), &image), "{config:?}");
        }
    }

    #[test]
    fn running_statistics_move_towards_the_students_and_no_other_teachers_change() {
        let device = Device::flex();
        let tracking = device.clone().autodiff();
        let config = NetworkConfig { normalisation: Normalisation::Batch, ..config(Architecture::VNet, 2) };
        let student = network(&config, &tracking);
        let first = student.valid();
        let before = numbers(&first);
        output(&student, &image(&tracking));
        let teacher = averaged(first.clone(), &student, 0.75);
        assert_eq!(numbers(&first), before);
        let expected: Vec<f32> =
            before.iter().zip(numbers(&student.valid())).map(|(t, s)| 0.75 * t + 0.25 * s).collect();
        assert_ne!(numbers(&teacher), before, "the statistics have moved");
        TensorData::from(&numbers(&teacher)[..])
            .assert_approx_eq::<f32>(&TensorData::from(&expected[..]), Tolerance::default());
    }

    fn numbers(network: &Network) -> Vec<f32> {
        let mut weights = Weights(VecDeque::new());
        network.visit(&mut weights);
        weights.0.into_iter().flat_map(|w| w.into_data().try_to_vec::<f32>().unwrap()).collect()
    }

    #[test]
    fn a_teacher_is_the_mean_of_its_students_until_it_keeps_the_published_share() {
        assert_eq!(teacher_decay(0), 0.0);
        assert_eq!(teacher_decay(1), 0.5);
        assert_eq!(teacher_decay(3), 0.75);
        assert_eq!(teacher_decay(98), 1.0 - 1.0 / 99.0);
        assert_eq!(teacher_decay(10_000), 0.99);
    }
}
