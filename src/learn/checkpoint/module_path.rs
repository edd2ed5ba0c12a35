//! What the arrays of a checkpoint are called.

/// Where a traversal is. Variants of enums have no name: a network's arrays are called by its fields alone.
pub struct ModulePath(Vec<String>);

impl ModulePath {
    /// `root` begins every name.
    pub fn new(root: &str) -> Self {
        Self(vec![root.to_owned()])
    }

    pub fn enter(&mut self, name: &str, container_type: &str) {
        if !is_enum(container_type) {
            self.0.push(name.to_owned());
        }
    }

    pub fn exit(&mut self, container_type: &str) {
        if !is_enum(container_type) {
            self.0.pop();
        }
    }

    pub fn name(&self) -> String {
        self.0.join(".")
    }
}

/// burn's name for the containers of an enum's variants.
fn is_enum(container_type: &str) -> bool {
    container_type.starts_with("Enum:")
}

#[cfg(test)]
mod tests {
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::tensor::{Device, Tensor};

    use super::*;
    use crate::learn::nn::testing::{config, network};
    use crate::learn::nn::{Architecture, NetworkConfig, Normalisation};

    struct Names(ModulePath, Vec<String>);

    impl ModuleVisitor for Names {
        fn enter_module(&mut self, name: &str, container_type: &str) {
            self.0.enter(name, container_type);
        }

        fn exit_module(&mut self, _: &str, container_type: &str) {
            self.0.exit(container_type);
        }

        fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<D>>) {
            self.1.push(self.0.name());
        }
    }

    fn names(config: &NetworkConfig) -> Vec<String> {
        let mut names = Names(ModulePath::new("network"), Vec::new());
        network(config, &Device::flex()).visit(&mut names);
        names.1
    }

    #[test]
    fn the_arrays_of_a_v_net_are_called_as_in_every_checkpoint_so_far() {
        let layer = |name: &str| ["conv.weight", "conv.bias", "norm.gamma", "norm.beta"].map(|n| format!("{name}.{n}"));
        let mut expected: Vec<String> = Vec::new();
        for conv in ["encoder.0.convs.0", "encoder.1.convs.0", "encoder.1.convs.1", "downs.0"] {
            expected.extend(layer(conv));
        }
        expected.extend(["expand.weight", "bias", "norm.gamma", "norm.beta"].map(|n| format!("ups.0.{n}")));
        expected.extend(layer("decoder.0.convs.0"));
        expected.extend(["head.weight".into(), "head.bias".into()]);
        let expected: Vec<String> = expected.into_iter().map(|name| format!("network.{name}")).collect();
        assert_eq!(names(&config(Architecture::VNet, 2)), expected);
    }

    #[test]
    fn no_two_arrays_of_any_network_have_the_same_name() {
        for normalisation in [Normalisation::Instance, Normalisation::Batch] {
            let config = NetworkConfig { normalisation, ..config(Architecture::ResNet34V, 3) };
            let all = names(&config);
            assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
        }
    }
}
