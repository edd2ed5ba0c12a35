// The 3-D view: surfaces, then the volume in front of and between them, then both into the window.
// Colours are sRGB-encoded values throughout and mixed in this encoding, as in the slices.

struct View {
    clip_from_world: mat4x4f,
    // Unit vectors in world space.
    right: vec4f,
    up: vec4f,
    towards: vec4f,
    background: vec4f,
    // Voxel position at the view's top left corner at depth 0, and the steps over its width, its height and its depth.
    corner: vec4f,
    across: vec4f,
    along: vec4f,
    through: vec4f,
    // Width, height and depth of the view in mm; length of a step of the march as a share of the depth.
    size_mm_and_step: vec4f,
    // Faces of the clipping box in voxels.
    clip_lo: vec4f,
    clip_hi: vec4f,
    // Voxels that the image's texture spans along each axis; most steps of a march.
    spanned_and_steps: vec4f,
    // Coded intensity at the table's start and 1 / width of the table; voxels per step times density.
    table: vec4f,
    // Voxel position of a surface's point by rows, and the box outside of which surfaces are cut away.
    cut_rows: array<vec4f, 3>,
    cut_lo: vec4f,
    cut_hi: vec4f,
    // Colour and opacity of the surface of each class.
    classes: array<vec4f, 256>,
}

override VOLUME: bool = false;
override BRIGHTEST: bool = false;
override SRGB_TARGET: bool = false;

// The lamp stands beside the viewer, up and to the left: straight light would flatten every shape.
const LAMP = vec3f(-0.2873, 0.3831, 0.8779);
// Halfway between lamp and viewer.
const SHINY = vec3f(-0.1482, 0.1977, 0.9690);
const AMBIENT = 0.32;
const SHINE = 0.22;
const SHININESS = 32.0;
// Tissue is rougher than a surface, and noise would sparkle.
const TISSUE_SHINE = 0.1;
// Change of a voxel's step, in shares of the table, from which on tissue is lit as an edge; below it is rather flat noise.
const EDGE = vec2f(0.01, 0.06);
// What lies behind so much no longer matters.
const OPAQUE = 0.985;
// Less than a visible level: not worth the six reads of a gradient.
const FAINT = 0.002;

@group(0) @binding(0) var<uniform> view: View;

fn lit(colour: vec3f, normal: vec3f, shine: f32) -> vec3f {
    let diffuse = max(dot(normal, LAMP), 0.0);
    let glint = pow(max(dot(normal, SHINY), 0.0), SHININESS);
    return min(colour * (AMBIENT + (1.06 - AMBIENT) * diffuse) + shine * glint, vec3f(1.0));
}

// Surfaces

struct Vertex {
    @builtin(position) position: vec4f,
    // Right, up, towards the viewer.
    @location(0) normal: vec3f,
    @location(1) @interpolate(flat) class_id: u32,
    @location(2) voxel: vec3f,
}

@vertex
fn surface(@location(0) position: vec3f, @location(1) normal: vec3f, @builtin(instance_index) class_id: u32) -> Vertex {
    let seen = vec3f(dot(normal, view.right.xyz), dot(normal, view.up.xyz), dot(normal, view.towards.xyz));
    let place = vec4f(position, 1.0);
    let voxel = vec3f(dot(view.cut_rows[0], place), dot(view.cut_rows[1], place), dot(view.cut_rows[2], place));
    return Vertex(view.clip_from_world * place, seen, class_id, voxel);
}

fn is_cut_away(vertex: Vertex) -> bool {
    return any(vertex.voxel < view.cut_lo.xyz) || any(vertex.voxel > view.cut_hi.xyz);
}

// Towards the viewer on both sides; a normal without a direction looks at the viewer.
fn facing_normal(vertex: Vertex, front: bool) -> vec3f {
    let normal = select(-vertex.normal, vertex.normal, front);
    let size = length(normal);
    return select(vec3f(0.0, 0.0, 1.0), normal / max(size, 1e-6), size > 1e-6);
}

@fragment
fn opaque_surface(vertex: Vertex, @builtin(front_facing) front: bool) -> @location(0) vec4f {
    if is_cut_away(vertex) {
        discard;
    }
    return vec4f(lit(view.classes[vertex.class_id].rgb, facing_normal(vertex, front), SHINE), 1.0);
}

struct Layer {
    // Sum of colour x opacity x weight, and of opacity x weight.
    @location(0) sum: vec4f,
    // What is let through: the product of 1 - opacity.
    @location(1) opacity: vec4f,
    @location(2) nearest: vec4f,
}

// Layers in any order, nearer ones weighing more (McGuire and Bavoil 2013: Weighted blended order-independent transparency).
@fragment
fn translucent_surface(vertex: Vertex, @builtin(front_facing) front: bool) -> Layer {
    if is_cut_away(vertex) {
        discard;
    }
    let normal = facing_normal(vertex, front);
    let look = view.classes[vertex.class_id];
    // Seen aslant there is more of a skin to look through.
    let opacity = 1.0 - pow(1.0 - look.a, 1.0 / max(normal.z, 0.35));
    let weight = opacity * exp2(-12.0 * vertex.position.z);
    let depth = vec4f(vertex.position.z);
    return Layer(vec4f(lit(look.rgb, normal, SHINE) * weight, weight), vec4f(opacity), depth);
}

// Volume

@group(1) @binding(0) var opaque_colour: texture_2d<f32>;
@group(1) @binding(1) var opaque_depth: texture_depth_multisampled_2d;
@group(1) @binding(2) var layer_sum: texture_2d<f32>;
@group(1) @binding(3) var layer_through: texture_2d<f32>;
@group(1) @binding(4) var layer_nearest: texture_2d<f32>;

@group(2) @binding(0) var image: texture_3d<f32>;
@group(2) @binding(1) var colours: texture_2d<f32>;
@group(2) @binding(2) var linear_sampler: sampler;

struct Corner {
    @builtin(position) position: vec4f,
    // (0, 0) at the view's top left, (1, 1) at its bottom right.
    @location(0) place: vec2f,
}

// One triangle that covers the viewport.
@vertex
fn whole_view(@builtin(vertex_index) index: u32) -> Corner {
    let place = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4f(place.x * 2.0 - 1.0, 1.0 - place.y * 2.0, 0.0, 1.0), place);
}

// Where the intensity at a voxel position lies in the table, 0 to 1 inside it.
fn table_place(position: vec3f) -> f32 {
    let value = textureSampleLevel(image, linear_sampler, (position + 0.5) / view.spanned_and_steps.xyz, 0.0).x;
    return (value - view.table.x) * view.table.y;
}

fn looked_up(place: f32) -> vec4f {
    return textureSampleLevel(colours, linear_sampler, vec2f((clamp(place, 0.0, 1.0) * 255.0 + 0.5) / 256.0, 0.5), 0.0);
}

fn clamped_place(position: vec3f) -> f32 {
    return clamp(table_place(position), 0.0, 1.0);
}

fn lit_tissue(colour: vec3f, position: vec3f) -> vec3f {
    let gradient = vec3f(
        clamped_place(position + vec3f(1.0, 0.0, 0.0)) - clamped_place(position - vec3f(1.0, 0.0, 0.0)),
        clamped_place(position + vec3f(0.0, 1.0, 0.0)) - clamped_place(position - vec3f(0.0, 1.0, 0.0)),
        clamped_place(position + vec3f(0.0, 0.0, 1.0)) - clamped_place(position - vec3f(0.0, 0.0, 1.0)),
    );
    let mm = view.size_mm_and_step.xyz;
    // By the transpose of voxel from view; the view's second and third step lead down and away.
    let rise = vec3f(dot(gradient, view.across.xyz), -dot(gradient, view.along.xyz), -dot(gradient, view.through.xyz)) / mm;
    let steepness = length(rise);
    let normal = rise * (select(1.0, -1.0, rise.z < 0.0) / max(steepness, 1e-12));
    let edge = smoothstep(EDGE.x, EDGE.y, length(gradient) * 0.5);
    return mix(colour * 0.85, lit(colour, normal, TISSUE_SHINE), edge);
}

// Different for neighbouring pixels, so that steps do not line up to rings (Jimenez 2014: interleaved gradient noise).
fn jitter(pixel: vec2f) -> f32 {
    return fract(52.9829189 * fract(dot(pixel, vec2f(0.06711056, 0.00583715))));
}

// What is seen of the volume from one depth to another: colour times opacity, opacity.
fn march(corner: Corner, start: f32, end: f32) -> vec4f {
    let origin = view.corner.xyz + corner.place.x * view.across.xyz + corner.place.y * view.along.xyz;
    // A millionth of a voxel over the whole depth changes nothing but the division by 0.
    let through = select(view.through.xyz, vec3f(1e-6), abs(view.through.xyz) < vec3f(1e-6));
    let a = (view.clip_lo.xyz - origin) / through;
    let b = (view.clip_hi.xyz - origin) / through;
    let entries = min(a, b);
    let exits = max(a, b);
    let near = max(max(entries.x, entries.y), max(entries.z, start));
    let far = min(min(exits.x, exits.y), min(exits.z, end));
    let step = view.size_mm_and_step.w;
    var depth = near + step * jitter(corner.position.xy);
    var seen = vec4f(0.0);
    var brightest = 0.0;
    for (var i = 0.0; i < view.spanned_and_steps.w && depth < far && seen.a < OPAQUE; i += 1.0) {
        let position = origin + depth * through;
        let place = table_place(position);
        if BRIGHTEST {
            brightest = max(brightest, place);
        } else {
            let tissue = looked_up(place);
            let opacity = 1.0 - pow(1.0 - tissue.a, view.table.z);
            if opacity > FAINT {
                seen += (1.0 - seen.a) * opacity * vec4f(lit_tissue(tissue.rgb, position), 1.0);
            } else {
                seen += (1.0 - seen.a) * opacity * vec4f(tissue.rgb, 1.0);
            }
        }
        depth += step;
    }
    if BRIGHTEST {
        let tissue = looked_up(brightest);
        return vec4f(tissue.rgb * tissue.a, tissue.a);
    }
    return seen;
}

// The translucent surfaces of a pixel as one layer: colour times opacity, opacity.
fn layer(pixel: vec2i) -> vec4f {
    let sum = textureLoad(layer_sum, pixel, 0);
    let opacity = 1.0 - textureLoad(layer_through, pixel, 0).x;
    return vec4f(sum.rgb / max(sum.a, 1e-6), 1.0) * opacity;
}

// All of a pixel. Only the nearest translucent surface is at its right place inside tissue.
@fragment
fn compose(corner: Corner) -> @location(0) vec4f {
    let pixel = vec2i(corner.position.xy);
    let between = layer(pixel);
    var seen = between;
    if VOLUME {
        let end = textureLoad(opaque_depth, pixel, 0);
        var middle = end;
        if between.a > 0.0 {
            middle = min(end, textureLoad(layer_nearest, pixel, 0).x);
        }
        seen = march(corner, 0.0, middle);
        if between.a > 0.0 {
            seen += (1.0 - seen.a) * between;
            seen += (1.0 - seen.a) * march(corner, middle, end);
        }
    }
    return vec4f(seen.rgb + (1.0 - seen.a) * textureLoad(opaque_colour, pixel, 0).rgb, 1.0);
}

// Window

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var picture_sampler: sampler;

@fragment
fn show(corner: Corner) -> @location(0) vec4f {
    let c = textureSampleLevel(picture, picture_sampler, corner.place, 0.0).rgb;
    if !SRGB_TARGET {
        return vec4f(c, 1.0);
    }
    // Such targets encode what they are given.
    let dark = c / 12.92;
    let bright = pow((c + 0.055) / 1.055, vec3f(2.4));
    return vec4f(select(bright, dark, c <= vec3f(0.04045)), 1.0);
}
