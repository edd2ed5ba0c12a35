// One slice view. `render::reference` is the same in plain Rust and says what is right.
// All voxel reads are texel loads, so that no driver's filtering decides what a clinician sees.

struct View {
    // Voxel position at the view's top left corner, and the steps over its whole width and height.
    corner: vec4f,
    across: vec4f,
    along: vec4f,
    extent: vec4i,
    // Unit steps along the voxel axes that run right and down (without their sign).
    right: vec4i,
    down: vec4i,
    // Contour thickness in voxels along right and down; window: normalised intensity of black and 1 / width.
    contour_and_window: vec4f,
    // Label fill, pseudo-label fill, network contours.
    opacities: vec4f,
}

// One pipeline per combination: a software adapter runs every branch that is left to decide per pixel.
override LABELS: bool;
override LABEL_CONTOURS: bool;
override PSEUDO: bool;
override NETWORK_CONTOURS: bool;
override INTERPOLATE: bool;
// Pseudo-labels are coloured by two values that span a map, or by the second value minus the first; else by the first.
override TWO_AXES: bool;
override DIFFERENCE: bool;

// Row of the colour table that holds the label colours; rows above it are pseudo-labels by class and first value, rows
// below it the same where the second value is 0.
const LABEL_ROW = 256u;
const UNLIKE_ROW = 257u;

const NETWORK_A = vec3f(1.0, 0.76862746, 0.23529412);
const NETWORK_B = vec3f(0.9098039, 0.3137255, 0.8627451);
const NETWORKS_AGREE = vec3f(1.0, 1.0, 1.0);

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var colours: texture_2d<f32>;

@group(1) @binding(0) var image: texture_3d<f32>;
@group(1) @binding(1) var label_class: texture_3d<u32>;
@group(1) @binding(2) var label_origin: texture_3d<u32>;
@group(1) @binding(3) var pseudo_class: texture_3d<u32>;
@group(1) @binding(4) var first_value: texture_3d<u32>;
@group(1) @binding(5) var second_value: texture_3d<u32>;
@group(1) @binding(6) var class_a: texture_3d<u32>;
@group(1) @binding(7) var class_b: texture_3d<u32>;

struct Corner {
    @builtin(position) position: vec4f,
    // (0, 0) at the view's top left, (1, 1) at its bottom right.
    @location(0) place: vec2f,
}

// One triangle that covers the viewport.
@vertex
fn vertex(@builtin(vertex_index) index: u32) -> Corner {
    let place = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4f(place.x * 2.0 - 1.0, 1.0 - place.y * 2.0, 0.0, 1.0), place);
}

fn inside(voxel: vec3i) -> bool {
    return all(voxel >= vec3i(0)) && all(voxel < view.extent.xyz);
}

fn intensity(voxel: vec3i) -> f32 {
    return textureLoad(image, clamp(voxel, vec3i(0), view.extent.xyz - 1), 0).x;
}

fn interpolated(position: vec3f) -> f32 {
    let base = vec3i(floor(position));
    let rest = position - floor(position);
    let fraction = vec2f(dot(rest, vec3f(view.right.xyz)), dot(rest, vec3f(view.down.xyz)));
    let top = mix(intensity(base), intensity(base + view.right.xyz), fraction.x);
    let below = base + view.down.xyz;
    let bottom = mix(intensity(below), intensity(below + view.right.xyz), fraction.x);
    return mix(top, bottom, fraction.y);
}

fn grey(position: vec3f, voxel: vec3i) -> f32 {
    var value: f32;
    if INTERPOLATE {
        value = interpolated(position);
    } else {
        value = intensity(voxel);
    }
    let window = view.contour_and_window.zw;
    return clamp((value - window.x) * window.y, 0.0, 1.0);
}

// The class of a voxel as far as contours see it: outside the volume there is background.
fn class_in(plane: texture_3d<u32>, voxel: vec3i) -> u32 {
    if inside(voxel) {
        return textureLoad(plane, voxel, 0).x;
    }
    return 0u;
}

// Outside the volume counts as known, so that a completed slice has no frame.
fn is_known(voxel: vec3i) -> bool {
    return !inside(voxel) || textureLoad(label_origin, voxel, 0).x != 0u;
}

// For the neighbours at left, right, above and below: is this pixel within a contour's thickness of them?
fn near_neighbours(position: vec3f, voxel: vec3i) -> vec4<bool> {
    let offset = position - vec3f(voxel);
    let place = vec2f(dot(offset, vec3f(view.right.xyz)), dot(offset, vec3f(view.down.xyz)));
    let room = vec2f(0.5) - view.contour_and_window.xy;
    return vec4<bool>((place.x < -room.x), (place.x > room.x), (place.y < -room.y), (place.y > room.y));
}

fn on_class_contour(plane: texture_3d<u32>, voxel: vec3i, near: vec4<bool>) -> bool {
    let class_here = class_in(plane, voxel);
    let differs = vec4<bool>(
        class_in(plane, voxel - view.right.xyz) != class_here,
        class_in(plane, voxel + view.right.xyz) != class_here,
        class_in(plane, voxel - view.down.xyz) != class_here,
        class_in(plane, voxel + view.down.xyz) != class_here,
    );
    return any(near & differs);
}

fn on_known_contour(voxel: vec3i, near: vec4<bool>) -> bool {
    let unknown = vec4<bool>(
        !is_known(voxel - view.right.xyz),
        !is_known(voxel + view.right.xyz),
        !is_known(voxel - view.down.xyz),
        !is_known(voxel + view.down.xyz),
    );
    return any(near & unknown);
}

fn label_colour(class_id: u32) -> vec4f {
    return textureLoad(colours, vec2u(class_id, LABEL_ROW), 0);
}

fn pseudo_colour(voxel: vec3i) -> vec4f {
    let class_id = textureLoad(pseudo_class, voxel, 0).x;
    let first = textureLoad(first_value, voxel, 0).x;
    if DIFFERENCE {
        let second = textureLoad(second_value, voxel, 0).x;
        return textureLoad(colours, vec2u((255u + second - first) / 2u, class_id), 0);
    }
    let upper = textureLoad(colours, vec2u(first, class_id), 0);
    if TWO_AXES {
        let second = textureLoad(second_value, voxel, 0).x;
        let lower = textureLoad(colours, vec2u(first, UNLIKE_ROW + class_id), 0);
        let likeness = f32(second) / 255.0;
        return mix(lower, upper, likeness * (2.0 - likeness));
    }
    return upper;
}

fn with_pseudo(under: vec3f, voxel: vec3i) -> vec3f {
    let colour = pseudo_colour(voxel);
    return mix(under, colour.rgb, colour.a * view.opacities.y);
}

fn on_network_contour(plane: texture_3d<u32>, voxel: vec3i, near: vec4<bool>) -> bool {
    let class_id = textureLoad(plane, voxel, 0).x;
    return class_id != 0u && label_colour(class_id).a > 0.0 && on_class_contour(plane, voxel, near);
}

fn with_network_contours(under: vec3f, voxel: vec3i, near: vec4<bool>) -> vec3f {
    let a = on_network_contour(class_a, voxel, near);
    let b = on_network_contour(class_b, voxel, near);
    var colour = under;
    if a && b {
        colour = NETWORKS_AGREE;
    } else if a {
        colour = NETWORK_A;
    } else if b {
        colour = NETWORK_B;
    }
    return mix(under, colour, view.opacities.z);
}

// Foreground as fill or contour; known background as a contour against what nobody labelled.
fn with_labels(under: vec3f, voxel: vec3i, near: vec4<bool>) -> vec3f {
    let class_id = textureLoad(label_class, voxel, 0).x;
    var opacity = 0.0;
    if class_id == 0u {
        opacity = f32(on_known_contour(voxel, near));
    } else if LABEL_CONTOURS {
        opacity = f32(on_class_contour(label_class, voxel, near));
    } else {
        opacity = view.opacities.x;
    }
    let colour = label_colour(class_id);
    return mix(under, colour.rgb, colour.a * opacity);
}

// The picture as sRGB-encoded values; layers are mixed in this encoding.
fn compose(place: vec2f) -> vec3f {
    let position = view.corner.xyz + place.x * view.across.xyz + place.y * view.along.xyz;
    let voxel = vec3i(floor(position + 0.5));
    if !inside(voxel) {
        return vec3f(0.0);
    }
    var colour = vec3f(grey(position, voxel));
    let near = near_neighbours(position, voxel);
    let labelled = LABELS && textureLoad(label_origin, voxel, 0).x != 0u;
    if PSEUDO && !labelled {
        colour = with_pseudo(colour, voxel);
    }
    if NETWORK_CONTOURS {
        colour = with_network_contours(colour, voxel, near);
    }
    if labelled {
        colour = with_labels(colour, voxel, near);
    }
    return colour;
}

// For targets that store what they are given.
@fragment
fn encoded(corner: Corner) -> @location(0) vec4f {
    return vec4f(compose(corner.place), 1.0);
}

// For sRGB targets, which encode what they are given.
@fragment
fn linear(corner: Corner) -> @location(0) vec4f {
    let c = compose(corner.place);
    let dark = c / 12.92;
    let bright = pow((c + 0.055) / 1.055, vec3f(2.4));
    return vec4f(select(bright, dark, c <= vec3f(0.04045)), 1.0);
}
