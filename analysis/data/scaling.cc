#include "analysis/data/scaling.h"

#include <algorithm>

#include "core/base/json_object.h"
#include "core/base/table.h"

namespace analysis {
namespace {

ScalingProfile ReadProfile(core::JsonObject& object) {
  return {.model = object.Text("model"),
          .hardware = object.Text("hardware"),
          .source = object.Text("source"),
          .batch_size = object.Number("batch_size", 1),
          .gradient_bytes = object.Number("gradient_bytes", 1),
          .pass_seconds = object.Number("pass_seconds", 0),
          .update_seconds = object.Number("update_seconds", 0),
          .accumulate_bytes_per_second = object.Number("accumulate_bytes_per_second", 1)};
}

ScalingPoint ReadPoint(core::JsonObject& row) {
  const auto optional = [&row](const char* key) { return row.Has(key) ? row.Number(key, 0) : 0; };
  return {.workers = row.Number("workers", 1),
          .servers = optional("servers"),
          .method = row.Text("method"),
          .step_seconds = row.Number("step_seconds", 0),
          .compute_seconds = row.Number("compute_seconds", 0),
          .exposed_seconds = row.Number("exposed_seconds", 0),
          .pull_seconds = optional("pull_seconds"),
          .push_seconds = optional("push_seconds"),
          .images_per_second = row.Number("images_per_second", 0),
          .efficiency = row.Number("efficiency", 0)};
}

ScalingStudy::Key ReadKey(core::JsonObject& row) {
  return {.profile = static_cast<size_t>(row.Integer("profile", 0)),
          .variant = row.Text("variant"),
          .gigabits_per_second = row.Number("gigabits_per_second", 0),
          .stragglers = row.Number("straggler_share", 0) > 0};
}

bool Matches(const ScalingCurve& curve, const ScalingStudy::Key& key) {
  return curve.profile == key.profile && curve.variant == key.variant &&
         curve.gigabits_per_second == key.gigabits_per_second && curve.stragglers == key.stragglers;
}

}  // namespace

bool ScalingCurve::HasServers() const {
  return std::any_of(points.begin(), points.end(),
                     [](const ScalingPoint& point) { return point.pull_seconds > 0; });
}

double ScalingCurve::ServersInTurn() const {
  constexpr double kMostlyExposed = 0.99;  // But for rounding, all is.
  for (const ScalingPoint& point : points) {
    const double moved = point.pull_seconds + point.push_seconds;
    if (point.servers != points[0].servers) return 0;
    if (point.exposed_seconds < kMostlyExposed * moved) return 0;
  }
  return points[0].servers;
}

const ScalingPoint* ScalingCurve::At(double workers) const {
  const auto point = std::find_if(points.begin(), points.end(),
                                  [&](const ScalingPoint& p) { return p.workers == workers; });
  return point == points.end() ? nullptr : &*point;
}

const ScalingCurve* ScalingStudy::Find(const Key& key) const {
  const auto curve = std::find_if(curves.begin(), curves.end(),
                                  [&](const ScalingCurve& c) { return Matches(c, key); });
  return curve == curves.end() ? nullptr : &*curve;
}

const ScalingCurve& ScalingStudy::AnyOf(const std::string& variant) const {
  return *std::find_if(curves.begin(), curves.end(),
                       [&](const ScalingCurve& curve) { return curve.variant == variant; });
}

std::vector<std::string> ScalingStudy::Variants() const {
  std::vector<std::string> variants;
  for (const ScalingCurve& curve : curves) {
    if (std::find(variants.begin(), variants.end(), curve.variant) == variants.end()) {
      variants.push_back(curve.variant);
    }
  }
  return variants;
}

std::vector<double> ScalingStudy::Bandwidths() const {
  std::vector<double> bandwidths;
  for (const ScalingCurve& curve : curves) bandwidths.push_back(curve.gigabits_per_second);
  std::sort(bandwidths.begin(), bandwidths.end());
  bandwidths.erase(std::unique(bandwidths.begin(), bandwidths.end()), bandwidths.end());
  return bandwidths;
}

ScalingStudy ReadScalingStudy(const std::string& path) {
  core::JsonObject file = core::JsonObject::Read(path);
  ScalingStudy study;
  study.straggler_share = file.Number("straggler_share", 0);
  study.straggler_factor = file.Number("straggler_factor", 0);
  study.wall_seconds = file.Number("wall_seconds", 0);
  if (file.Has("commit")) study.commit = core::Shortened(file.Text("commit"), 60);
  for (core::JsonObject& object : file.Objects("profiles")) {
    study.profiles.push_back(ReadProfile(object));
  }
  for (core::JsonObject& row : file.Objects("rows")) {
    const ScalingStudy::Key key = ReadKey(row);
    if (key.profile >= study.profiles.size()) row.Fail("profile", "is not among the profiles");
    auto curve = std::find_if(study.curves.begin(), study.curves.end(),
                              [&](const ScalingCurve& c) { return Matches(c, key); });
    if (curve == study.curves.end()) {
      study.curves.push_back(
          {key.profile, key.variant, key.gigabits_per_second, key.stragglers, {}});
      curve = study.curves.end() - 1;
    }
    curve->points.push_back(ReadPoint(row));
  }
  if (study.curves.empty()) file.Fail("rows", "is empty");
  for (ScalingCurve& curve : study.curves) {
    std::sort(curve.points.begin(), curve.points.end(),
              [](const ScalingPoint& a, const ScalingPoint& b) { return a.workers < b.workers; });
  }
  return study;
}

double KneeOf(const ScalingStudy& study, const ScalingCurve& curve) {
  double most = 0;
  for (const ScalingPoint& point : curve.points) most = std::max(most, point.images_per_second);
  return most / study.profiles[curve.profile].images_per_second_alone();
}

double KneeOfLinks(const ScalingProfile& profile, double gigabits_per_second, double servers) {
  return profile.pass_seconds * gigabits_per_second * 1e9 / 8 * servers /
         (2 * profile.gradient_bytes);
}

}  // namespace analysis
