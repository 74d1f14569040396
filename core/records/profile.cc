#include "core/records/profile.h"

#include <algorithm>
#include <utility>

#include "core/base/file.h"
#include "core/base/json_object.h"
#include "nlohmann/json.hpp"

namespace core {
namespace {

ProfiledGradient ReadGradient(JsonObject& object) {
  ProfiledGradient gradient;
  gradient.parameter = object.Count("parameter", 0);
  gradient.elements = object.Integer("elements", 1);
  gradient.ready = object.Number("ready_seconds", 0);
  if (object.Has("spread_seconds")) gradient.spread = object.Number("spread_seconds", 0);
  object.Finish();
  return gradient;
}

void CheckGradients(const Profile& profile, JsonObject& file) {
  const std::vector<ProfiledGradient>& gradients = profile.gradients;
  if (gradients.empty()) file.Fail("gradients", "is empty");
  std::vector<bool> seen(gradients.size(), false);
  int64_t elements = 0;
  double last = profile.forward;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const std::string key = "gradients[" + std::to_string(i) + "]";
    const auto parameter = static_cast<size_t>(gradients[i].parameter);
    if (parameter >= gradients.size() || seen[parameter]) {
      file.Fail(key + ".parameter", "is " + std::to_string(parameter) + ": each of 0 to " +
                                        std::to_string(gradients.size() - 1) + " is needed once");
    }
    seen[parameter] = true;
    elements += gradients[i].elements;
    if (gradients[i].ready < last) {
      file.Fail(key + ".ready_seconds",
                "is before the gradient before it, or before forward_seconds");
    }
    last = gradients[i].ready;
  }
  if (elements != profile.parameters) {
    file.Fail("parameters", "is " + std::to_string(profile.parameters) +
                                ", but the gradients' elements add up to " +
                                std::to_string(elements));
  }
  if (profile.pass < last) file.Fail("pass_seconds", "is before the last gradient is ready");
}

}  // namespace

Profile ReadProfile(const std::string& path) {
  JsonObject file = JsonObject::Read(path);
  Profile profile;
  profile.model = file.Text("model");
  profile.hardware = file.Text("hardware");
  profile.source = file.Text("source");
  JsonObject versions = file.Object("versions");
  for (const std::string& name : versions.Keys()) profile.versions[name] = versions.Text(name);
  profile.batch_size = file.Count("batch_size", 1);
  profile.parameters = file.Integer("parameters", 1);
  profile.forward = file.Number("forward_seconds", 0);
  profile.pass = file.Number("pass_seconds", 0);
  if (profile.pass == 0) file.Fail("pass_seconds", "is 0: a step takes time");
  if (file.Has("pass_spread_seconds")) profile.pass_spread = file.Number("pass_spread_seconds", 0);
  profile.update = file.Number("update_seconds", 0);
  profile.accumulate_bytes_per_second = file.Number("accumulate_bytes_per_second", 1);
  for (JsonObject& gradient : file.Objects("gradients")) {
    profile.gradients.push_back(ReadGradient(gradient));
  }
  file.Finish();
  CheckGradients(profile, file);
  return profile;
}

std::vector<Extent> ExtentsOf(const Profile& profile) {
  std::vector<Extent> extents(profile.gradients.size());
  for (const ProfiledGradient& gradient : profile.gradients) {
    extents[static_cast<size_t>(gradient.parameter)].count = gradient.elements;
  }
  int64_t offset = 0;
  for (Extent& extent : extents) {
    extent.offset = offset;
    offset += extent.count;
  }
  return extents;
}

absl::Status WriteProfile(const Profile& profile, const std::string& path) {
  nlohmann::ordered_json json = {
      {"model", profile.model},
      {"hardware", profile.hardware},
      {"source", profile.source},
      {"versions", profile.versions},
      {"batch_size", profile.batch_size},
      {"parameters", profile.parameters},
      {"forward_seconds", profile.forward},
      {"pass_seconds", profile.pass},
      {"pass_spread_seconds", profile.pass_spread},
      {"update_seconds", profile.update},
      {"accumulate_bytes_per_second", profile.accumulate_bytes_per_second},
      {"gradients", nlohmann::ordered_json::array()}};
  for (const ProfiledGradient& gradient : profile.gradients) {
    json["gradients"].push_back({{"parameter", gradient.parameter},
                                 {"elements", gradient.elements},
                                 {"ready_seconds", gradient.ready},
                                 {"spread_seconds", gradient.spread}});
  }
  return WriteFile(path, json.dump(1) + "\n");
}

}  // namespace core
