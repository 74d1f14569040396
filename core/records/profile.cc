#include "core/records/profile.h"

#include "core/base/file.h"
#include "core/base/json_object.h"
#include "core/records/fields.h"

namespace core {

template <typename Fields>
void Visit(Fields& fields, MaybeConst<ProfiledGradient> auto& gradient) {
  fields("parameter", gradient.parameter, kRequired);
  fields("elements", gradient.elements, AtLeast(1));
  fields("ready_seconds", gradient.ready, kRequired);
  fields("spread_seconds", gradient.spread);
}

template <typename Fields>
void Visit(Fields& fields, MaybeConst<Profile> auto& profile) {
  fields("model", profile.model, kRequired);
  fields("hardware", profile.hardware, kRequired);
  fields("source", profile.source, kRequired);
  fields("versions", profile.versions, kRequired);
  fields("batch_size", profile.batch_size, AtLeast(1));
  fields("parameters", profile.parameters, AtLeast(1));
  fields("forward_seconds", profile.forward, kRequired);
  fields("pass_seconds", profile.pass, kRequired);
  fields("pass_spread_seconds", profile.pass_spread);
  fields("update_seconds", profile.update, kRequired);
  fields("accumulate_bytes_per_second", profile.accumulate_bytes_per_second, AtLeast(1));
  fields("gradients", profile.gradients, kRequired);
}

namespace {

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
    if (elements > profile.parameters) {
      file.Fail(key + ".elements", "is beyond the " + std::to_string(profile.parameters) +
                                       " of parameters, together with those before");
    }
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
  FieldReader::ReadRecord(file, profile, OtherKeys::kRefused);
  if (profile.pass == 0) file.Fail("pass_seconds", "is 0: a step takes time");
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
  return WriteFile(path, FieldWriter::ToJson(profile).dump(1) + "\n");
}

}  // namespace core
