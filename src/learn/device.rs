//! Choosing where to train: a real GPU through wgpu, else Flex on the CPU. Never a software adapter unless asked by name.

use std::sync::{Mutex, PoisonError};

use burn::tensor::wgpu::wgpu::{AdapterInfo, DeviceType};
use burn::tensor::{Device, DeviceKind};

use super::error::LearnError;
use super::settings::{DeviceChoice, DeviceReport};

/// Operations handed to the GPU at a time, half of burn's number: a frame of the window waits for one submission at most.
const TASKS_PER_SUBMISSION: usize = 16;

/// A started GPU runtime. burn starts each kind once per process, so they are kept for later runs.
#[derive(Clone)]
struct Adapter {
    kind: DeviceKind,
    device: Device,
    info: AdapterInfo,
}

static STARTED: Mutex<Vec<Adapter>> = Mutex::new(Vec::new());

/// Call on the thread that will train, after the window exists: some drivers dislike two instances starting at once.
pub fn choose_device(choice: &DeviceChoice) -> Result<(Device, DeviceReport), LearnError> {
    match choice {
        DeviceChoice::Cpu => Ok(cpu("you asked for it")),
        DeviceChoice::Gpu => match start(DeviceKind::DefaultDevice) {
            Ok(adapter) if is_real(&adapter) => Ok(gpu(adapter, "you asked for a GPU")),
            Ok(_) => Err(LearnError::NoGpu),
            Err(reason) => Err(LearnError::DeviceStart { device: "GPU".into(), reason }),
        },
        DeviceChoice::Auto => Ok(match start(DeviceKind::DefaultDevice) {
            Ok(adapter) if is_real(&adapter) => gpu(adapter, "a GPU was found"),
            Ok(adapter) => {
                cpu(&format!("only the software adapter {} was found, which is slower than the CPU", adapter.info.name))
            }
            Err(_) => cpu("no GPU was found"),
        }),
        DeviceChoice::Named(wanted) => named(wanted),
    }
}

fn is_real(adapter: &Adapter) -> bool {
    adapter.info.device_type != DeviceType::Cpu
}

fn cpu(why: &str) -> (Device, DeviceReport) {
    let threads = rayon::current_num_threads();
    let name = format!("CPU, {threads} {}", if threads == 1 { "thread" } else { "threads" });
    (Device::flex(), DeviceReport { name, is_gpu: false, why: format!("Trains on the CPU because {why}.") })
}

fn gpu(adapter: Adapter, why: &str) -> (Device, DeviceReport) {
    let AdapterInfo { name, backend, driver, .. } = &adapter.info;
    let report = DeviceReport {
        name: name.clone(),
        is_gpu: true,
        why: format!("Trains on {name} ({backend:?}, {driver}) because {why}."),
    };
    (adapter.device, report)
}

/// The first adapter whose name contains `wanted`, software adapters included.
fn named(wanted: &str) -> Result<(Device, DeviceReport), LearnError> {
    const KINDS: [DeviceKind; 5] = [
        DeviceKind::DefaultDevice,
        DeviceKind::DiscreteGpu(0),
        DeviceKind::IntegratedGpu(0),
        DeviceKind::VirtualGpu(0),
        DeviceKind::Cpu,
    ];
    let mut available = vec!["cpu".to_owned()];
    for kind in KINDS {
        let Ok(adapter) = start(kind) else { continue };
        if adapter.info.name.to_lowercase().contains(&wanted.to_lowercase()) {
            return Ok(gpu(adapter, "you asked for it by name"));
        }
        if !available.contains(&adapter.info.name) {
            available.push(adapter.info.name);
        }
    }
    Err(LearnError::NoSuchDevice { wanted: wanted.to_owned(), available: available.join(", ") })
}

fn start(kind: DeviceKind) -> Result<Adapter, String> {
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(adapter) = started.iter().find(|a| a.kind == kind) {
        return Ok(adapter.clone());
    }
    let (device, setup) = Device::wgpu_options()
        .device_kind(kind.clone())
        .tasks_max(TASKS_PER_SUBMISSION)
        .init_with_setup()
        .map_err(|e| e.to_string())?;
    let adapter = Adapter { kind, device, info: setup.adapter.get_info() };
    started.push(adapter.clone());
    Ok(adapter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_is_always_there_and_says_why() {
        let (device, report) = choose_device(&DeviceChoice::Cpu).unwrap();
        assert_eq!(device, Device::flex());
        assert!(!report.is_gpu && report.why.contains("CPU"));
    }
}
