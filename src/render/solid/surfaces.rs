//! The surfaces of all classes on the device, brick by brick.

use std::collections::BTreeMap;

use crate::label::{ClassId, SurfaceMesh};
use crate::render::wgpu;
use crate::render::wgpu::util::DeviceExt;

/// Bricks by class and number.
#[derive(Default)]
pub struct Surfaces {
    bricks: BTreeMap<(ClassId, usize), GpuBrick>,
}

struct GpuBrick {
    positions: wgpu::Buffer,
    normals: wgpu::Buffer,
    indices: wgpu::Buffer,
    index_count: u32,
    bounds_mm: [[f32; 3]; 2],
}

impl Surfaces {
    /// Buffers of one vertex: position (mm) and normal.
    pub const LAYOUT: [Option<wgpu::VertexBufferLayout<'static>>; 2] = [
        Some(wgpu::VertexBufferLayout {
            array_stride: size_of::<[f32; 3]>() as u64,
            step_mode: wgpu::VertexStepMode::Vertex,
            attributes: &wgpu::vertex_attr_array![0 => Float32x3],
        }),
        Some(wgpu::VertexBufferLayout {
            array_stride: size_of::<[f32; 3]>() as u64,
            step_mode: wgpu::VertexStepMode::Vertex,
            attributes: &wgpu::vertex_attr_array![1 => Float32x3],
        }),
    ];

    /// Replaces or removes one brick.
    pub fn set(&mut self, device: &wgpu::Device, class: ClassId, number: usize, mesh: Option<&SurfaceMesh>) {
        match mesh.and_then(|mesh| GpuBrick::new(device, mesh)) {
            Some(brick) => self.bricks.insert((class, number), brick),
            None => self.bricks.remove(&(class, number)),
        };
    }

    /// Removes all bricks of one class.
    pub fn remove_class(&mut self, class: ClassId) {
        self.bricks.retain(|(of, _), _| *of != class);
    }

    /// Corners of the smallest boxes around the bricks of some classes, mm.
    pub fn bounds_mm(&self, is_drawn: impl Fn(ClassId) -> bool) -> impl Iterator<Item = [[f32; 3]; 2]> {
        self.bricks.iter().filter(move |((class, _), _)| is_drawn(*class)).map(|(_, brick)| brick.bounds_mm)
    }

    /// Draws the bricks of some classes; the shader gets the class as the instance.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>, is_drawn: impl Fn(ClassId) -> bool) {
        for ((class, _), brick) in self.bricks.iter().filter(|((class, _), _)| is_drawn(*class)) {
            let instance = u32::from(*class);
            pass.set_vertex_buffer(0, brick.positions.slice(..));
            pass.set_vertex_buffer(1, brick.normals.slice(..));
            pass.set_index_buffer(brick.indices.slice(..), wgpu::IndexFormat::Uint32);
            pass.draw_indexed(0..brick.index_count, 0, instance..instance + 1);
        }
    }
}

impl GpuBrick {
    /// `None` for a mesh without triangles, with positions that are not finite or larger than the device's buffers
    /// (a brick of [`crate::label::SurfaceBricks`] is a thousand times smaller).
    fn new(device: &wgpu::Device, mesh: &SurfaceMesh) -> Option<Self> {
        let bounds_mm = mesh.bounds_mm()?;
        let finite = mesh.positions_mm.iter().flatten().all(|c| c.is_finite());
        let longest = mesh.positions_mm.len().max(mesh.triangles.len()) as u64 * size_of::<[f32; 3]>() as u64;
        let fits = longest <= device.limits().max_buffer_size && mesh.normals.len() == mesh.positions_mm.len();
        let in_range = mesh.triangles.iter().flatten().all(|&v| (v as usize) < mesh.positions_mm.len());
        if mesh.is_empty() || !(finite && fits && in_range) {
            return None;
        }
        let buffer = |contents, usage| {
            device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label: Some("surface"), contents, usage })
        };
        Some(Self {
            positions: buffer(bytemuck::cast_slice(&mesh.positions_mm), wgpu::BufferUsages::VERTEX),
            normals: buffer(bytemuck::cast_slice(&mesh.normals), wgpu::BufferUsages::VERTEX),
            indices: buffer(bytemuck::cast_slice(&mesh.triangles), wgpu::BufferUsages::INDEX),
            index_count: u32::try_from(3 * mesh.triangles.len()).ok()?,
            bounds_mm,
        })
    }
}
