#include "tools/make_dataset_painter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

// Only arithmetic that is exact to the bit everywhere: no sines, which differ between processors.

namespace tools {
namespace {

using Color = std::array<float, 3>;  // Red, green, blue, 0 to 255.

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  float Between(float low, float high) { return low + (high - low) * ((Next() >> 40) * 0x1p-24f); }
  int Below(int end) { return static_cast<int>(Next() % end); }

 private:
  // splitmix64, by Steele et al.
  uint64_t Next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

float Fraction(float value) { return value - std::floor(value); }

Color FromHue(float hue, float saturation, float value) {
  Color color;
  for (int i = 0; i < 3; ++i) {
    // Each primary is full for a third of the way round, and none for another third.
    const float distance = std::abs(Fraction(hue + (3 - i) / 3.0f) - 0.5f) * 6 - 1;
    color[i] = 255 * value * (1 - saturation * (1 - std::clamp(distance, 0.0f, 1.0f)));
  }
  return color;
}

struct Vector {
  float x = 0;
  float y = 0;
};

Vector UnitVector(float x, float y) {
  const float length = std::max(1e-6f, std::sqrt(x * x + y * y));
  return {x / length, y / length};
}

Vector RandomDirection(Random& random) {
  const float x = random.Between(-1, 1);
  return UnitVector(x, random.Between(-1, 1));
}

// Below 0 inside the shape of radius 1, above outside, about as far as the edge is away.
float Distance(Shape shape, float x, float y) {
  const float across = std::abs(x), down = std::abs(y);
  switch (shape) {
    case Shape::kDisc:
      return std::sqrt(x * x + y * y) - 1;
    case Shape::kSquare:
      return std::max(across, down) - 0.8f;
    case Shape::kTriangle:
      return std::max(y - 0.5f, across * 0.87f - y * 0.5f - 0.5f);
    case Shape::kRing:
      return std::abs(std::sqrt(x * x + y * y) - 0.75f) - 0.25f;
    case Shape::kCross:
      return std::min(std::max(across - 0.95f, down - 0.3f), std::max(across - 0.3f, down - 0.95f));
    case Shape::kDiamond:
      return (across + down) * 0.7f - 0.7f;
  }
  return 1;
}

class Canvas {
 public:
  Canvas(backends::ImageSize size, uint64_t seed)
      : size_(size),
        side_(static_cast<float>(std::max(size.width, size.height))),
        random_(seed),
        colors_(size_t{1} * size.width * size.height) {}

  Random& random() { return random_; }
  float side() const { return side_; }

  void PaintGradient(const Color& from, const Color& to) {
    const Vector direction = RandomDirection(random_);
    ForEachPixel([&](int x, int y, Color& color) {
      const float along = (x * direction.x + y * direction.y) / side_;
      const float share = std::clamp(0.5f + along * 0.7f, 0.0f, 1.0f);
      for (int i = 0; i < 3; ++i) color[i] = from[i] + (to[i] - from[i]) * share;
    });
  }

  // Adds blots about `cell` pixels large, of brightness and of some colour.
  void AddBlots(float cell, float strength) {
    const std::vector<float> field = SmoothField(cell);
    Color tint;
    for (float& amount : tint) amount = strength * random_.Between(-0.4f, 1.6f);
    ForEachPixel([&](int x, int y, Color& color) {
      const float value = field[y * size_.width + x];
      for (int i = 0; i < 3; ++i) color[i] += tint[i] * value;
    });
  }

  // Adds bent waves, here strong and there weak.
  void AddWaves(Vector direction, float waves, float strength) {
    const std::vector<float> bend = SmoothField(side_ / 5);
    const std::vector<float> mask = SmoothField(side_ / 3);
    const float phase = random_.Between(0, 1);
    ForEachPixel([&](int x, int y, Color& color) {
      const size_t i = y * size_.width + x;
      const float along = (x * direction.x + y * direction.y) / side_ * waves;
      const float at = Fraction(along + phase + 0.5f * bend[i]);
      const float height = (8 * at * (1 - at) - 1) * strength * (0.65f + 0.35f * mask[i]);
      for (float& channel : color) channel += height;
    });
  }

  void PaintShape(Shape shape, const Color& paint) {
    const float radius = side_ * random_.Between(0.06f, 0.2f);
    const float center_x = size_.width * random_.Between(0, 1);
    const float center_y = size_.height * random_.Between(0, 1);
    const Vector turn = RandomDirection(random_);
    const float shade = random_.Between(-0.25f, 0.25f);
    const int reach = static_cast<int>(radius * 1.5f) + 1;
    const int top = std::max(0, static_cast<int>(center_y) - reach);
    const int bottom = std::min(size_.height, static_cast<int>(center_y) + reach);
    const int left = std::max(0, static_cast<int>(center_x) - reach);
    const int right = std::min(size_.width, static_cast<int>(center_x) + reach);
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) {
        const float dx = (x - center_x) / radius, dy = (y - center_y) / radius;
        const float across = dx * turn.x + dy * turn.y, down = dy * turn.x - dx * turn.y;
        // The edge is about a pixel wide, as a lens would leave it.
        const float cover =
            std::clamp(0.5f - Distance(shape, across, down) * radius, 0.0f, 1.0f) * 0.9f;
        Color& color = colors_[y * size_.width + x];
        for (int i = 0; i < 3; ++i) {
          color[i] += (paint[i] * (1 + shade * across) - color[i]) * cover;
        }
      }
    }
  }

  std::vector<uint8_t> Develop(float exposure, float grain) {
    std::vector<uint8_t> bytes;
    bytes.reserve(colors_.size() * 3);
    for (const Color& color : colors_) {
      for (const float channel : color) {
        const float value = channel * exposure + random_.Between(-grain, grain);
        bytes.push_back(static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f)));
      }
    }
    return bytes;
  }

 private:
  template <typename Change>
  void ForEachPixel(Change change) {
    Color* color = colors_.data();
    for (int y = 0; y < size_.height; ++y) {
      for (int x = 0; x < size_.width; ++x) change(x, y, *color++);
    }
  }

  // Random values −1 to 1, `cell` pixels apart, and a smooth surface through them.
  std::vector<float> SmoothField(float cell) {
    const int columns = static_cast<int>(size_.width / cell) + 2;
    const int rows = static_cast<int>(size_.height / cell) + 2;
    std::vector<float> knots(size_t{1} * columns * rows);
    for (float& knot : knots) knot = random_.Between(-1, 1);
    const auto smooth = [](float t) { return t * t * (3 - 2 * t); };
    std::vector<float> field(size_t{1} * size_.width * size_.height), row(columns);
    std::vector<int> column(size_.width);
    std::vector<float> share(size_.width);
    for (int x = 0; x < size_.width; ++x) {
      column[x] = static_cast<int>(x / cell);
      share[x] = smooth(Fraction(x / cell));
    }
    for (int y = 0; y < size_.height; ++y) {
      const float* above = &knots[static_cast<int>(y / cell) * columns];
      const float down = smooth(Fraction(y / cell));
      for (int i = 0; i < columns; ++i) row[i] = above[i] + (above[columns + i] - above[i]) * down;
      float* target = &field[size_t{1} * y * size_.width];
      for (int x = 0; x < size_.width; ++x) {
        const float left = row[column[x]];
        target[x] = left + (row[column[x] + 1] - left) * share[x];
      }
    }
    return field;
  }

  const backends::ImageSize size_;
  const float side_;
  Random random_;
  std::vector<Color> colors_;
};

}  // namespace

Style StyleOf(int label, int classes) {
  // Steps that spread any number of classes evenly: powers of the inverse plastic number (Roberts).
  return {.hue = static_cast<float>(label) / classes,
          .direction = Fraction(label * 0.7548777f),
          .waves = 5 + 15 * Fraction(0.3f + label * 0.5698403f),
          .shape = static_cast<Shape>(label % kShapes)};
}

std::vector<uint8_t> Paint(const Style& style, backends::ImageSize size, uint64_t seed) {
  Canvas canvas(size, seed);
  Random& random = canvas.random();
  const auto color = [&random](float hue, float spread) {
    const float near = hue + random.Between(-spread, spread);
    const float saturation = random.Between(0.2f, 0.65f);
    return FromHue(near, saturation, random.Between(0.35f, 0.9f));
  };
  const Color from = color(style.hue, 0.14f);
  canvas.PaintGradient(from, color(style.hue, 0.14f));
  for (const float part : {2.5f, 5.0f, 10.0f}) {
    canvas.AddBlots(canvas.side() / part, random.Between(25, 55));
  }
  for (int others = random.Below(3); others > 0; --others) {
    canvas.PaintShape(static_cast<Shape>(random.Below(kShapes)), color(0, 0.5f));
  }
  for (int shapes = 2 + random.Below(4); shapes > 0; --shapes) {
    canvas.PaintShape(style.shape, color(style.hue + 0.4f, 0.1f));
  }
  const float down = std::clamp(style.direction + random.Between(-0.12f, 0.12f), 0.0f, 1.0f);
  const float mirrored = random.Below(2) ? 1 : -1;
  canvas.AddWaves(UnitVector(mirrored * (1 - down), down),
                  style.waves * random.Between(0.8f, 1.25f), random.Between(15, 35));
  for (float cell = canvas.side() / 25; cell >= 1.5f; cell /= 2) {
    canvas.AddBlots(cell, random.Between(10, 26));
  }
  return canvas.Develop(random.Between(0.75f, 1.2f), random.Between(8, 22));
}

}  // namespace tools
