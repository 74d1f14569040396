#include "analysis/data/scaling.h"

#include <algorithm>

#include "analysis/data/load.h"
#include "core/base/json_object.h"
#include "core/base/table.h"
#include "core/records/fields.h"

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
                     [](const core::SimulationRow& point) { return point.step.pull.count() > 0; });
}

double ScalingCurve::ServersInTurn() const {
  constexpr double kMostlyExposed = 0.99;  // But for rounding, all is.
  for (const core::SimulationRow& point : points) {
    const core::Duration moved = point.step.pull + point.step.push;
    if (point.servers != points[0].servers) return 0;
    if (point.step.exposed < kMostlyExposed * moved) return 0;
  }
  return points[0].servers;
}

const core::SimulationRow* ScalingCurve::At(int workers) const {
  const auto point = std::find_if(points.begin(), points.end(), [&](const core::SimulationRow& p) {
    return p.workers == workers;
  });
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
    core::FieldReader::ReadRecord(row, curve->points.emplace_back());
  }
  if (study.curves.empty()) file.Fail("rows", "is empty");
  for (ScalingCurve& curve : study.curves) {
    std::sort(curve.points.begin(), curve.points.end(),
              [](const core::SimulationRow& a, const core::SimulationRow& b) {
                return a.workers < b.workers;
              });
  }
  return study;
}

absl::StatusOr<std::optional<ScalingStudy>> LoadScalingStudy(const std::string& directory) {
  return LoadIfThere(directory, "ps_scaling.json", ReadScalingStudy);
}

double KneeOf(const ScalingStudy& study, const ScalingCurve& curve) {
  double most = 0;
  for (const core::SimulationRow& point : curve.points)
    most = std::max(most, point.images_per_second);
  return most / study.profiles[curve.profile].images_per_second_alone();
}

double KneeOfLinks(const ScalingProfile& profile, double gigabits_per_second, double servers) {
  return profile.pass_seconds * gigabits_per_second * 1e9 / 8 * servers /
         (2 * profile.gradient_bytes);
}

}  // namespace analysis
