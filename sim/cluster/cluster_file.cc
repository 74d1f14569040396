#include "sim/cluster/cluster_file.h"

#include "absl/status/statusor.h"
#include "core/base/json_object.h"
#include "sim/cluster/units.h"

namespace sim {
namespace {

using core::JsonObject;

double Figure(JsonObject& object, const std::string& key,
              absl::StatusOr<double> (*parse)(std::string_view)) {
  const absl::StatusOr<double> figure = parse(object.Text(key));
  if (!figure.ok()) object.Fail(key, std::string(figure.status().message()));
  return *figure;
}

double DurationOr(JsonObject& object, const std::string& key, double otherwise) {
  return object.Has(key) ? Figure(object, key, ParseDuration) : otherwise;
}

double NumberOr(JsonObject& object, const std::string& key, double least, double otherwise) {
  return object.Has(key) ? object.Number(key, least) : otherwise;
}

double ShareOr(JsonObject& object, const std::string& key, double otherwise) {
  const double share = NumberOr(object, key, 0, otherwise);
  if (share > 1) object.Fail(key, "is more than 1: a share is from 0 to 1");
  return share;
}

LinkModel ReadLink(JsonObject& object) {
  return {.bytes_per_second = Figure(object, "bandwidth", ParseBandwidth),
          .latency = Figure(object, "latency", ParseDuration)};
}

LinkModel ReadNic(JsonObject& object) {
  LinkModel nic = ReadLink(object);
  if (object.Has("burst")) nic.burst = Figure(object, "burst", ParseSize);
  return nic;
}

LinkModel ReadLinkObject(JsonObject object) {
  const LinkModel link = ReadLink(object);
  object.Finish();
  return link;
}

void ReadExceptions(JsonObject& file, Cluster& cluster) {
  if (!file.Has("hosts")) return;
  for (JsonObject& object : file.Objects("hosts")) {
    HostRange range;
    range.first = object.Count("first", 0);
    range.last = object.Count("last", 0);
    if (range.last < range.first) object.Fail("last", "is before first");
    range.nic = ReadNic(object);
    object.Finish();
    cluster.exceptions.push_back(range);
  }
}

void ReadHosts(JsonObject& file, Cluster& cluster) {
  if (file.Has("ranks_per_host")) cluster.ranks_per_host = file.Count("ranks_per_host", 1);
  if (file.Has("inside_host")) {
    cluster.inside_host = ReadLinkObject(file.Object("inside_host"));
  } else if (cluster.ranks_per_host > 1) {
    file.Fail("inside_host",
              "is missing: ranks_per_host is " + std::to_string(cluster.ranks_per_host));
  }
}

void ReadRacks(JsonObject& file, Cluster& cluster) {
  if (!file.Has("racks")) return;
  JsonObject racks = file.Object("racks");
  cluster.hosts_per_rack = racks.Count("hosts", 1);
  cluster.oversubscription = NumberOr(racks, "oversubscription", 0, 1);
  if (cluster.oversubscription <= 0) racks.Fail("oversubscription", "is not above 0");
  cluster.rack_latency = DurationOr(racks, "latency", 0);
  racks.Finish();
}

void ReadSharedCores(JsonObject& file, Cluster& cluster) {
  if (!file.Has("shared_cores")) return;
  if (cluster.hosts_per_rack > 0) file.Fail("shared_cores", "are for hosts without racks");
  JsonObject cores = file.Object("shared_cores");
  cluster.shared_cores = {static_cast<double>(cores.Count("count", 1)),
                          Figure(cores, "byte", ParseDuration)};
  if (cluster.shared_cores.seconds_per_byte <= 0) cores.Fail("byte", "is not above 0");
  cores.Finish();
}

void ReadMessage(JsonObject& file, Cluster& cluster) {
  if (!file.Has("message")) return;
  JsonObject message = file.Object("message");
  cluster.send_overhead = DurationOr(message, "send_overhead", 0);
  cluster.receive_overhead = DurationOr(message, "receive_overhead", 0);
  if (message.Has("eager_size")) cluster.eager_bytes = Figure(message, "eager_size", ParseSize);
  message.Finish();
}

void ReadIncast(JsonObject& file, Cluster& cluster) {
  if (!file.Has("incast")) return;
  JsonObject incast = file.Object("incast");
  cluster.incast.flows = static_cast<uint32_t>(incast.Count("flows", 1));
  cluster.incast.floor = incast.Number("floor", 0);
  if (cluster.incast.floor <= 0 || cluster.incast.floor > 1) {
    incast.Fail("floor", "is not above 0 and at most 1");
  }
  incast.Finish();
}

// A factor by which something is longer or slower.
double FactorOr(JsonObject& object, const std::string& key, double otherwise) {
  const double factor = NumberOr(object, key, 0, otherwise);
  if (factor <= 0) object.Fail(key, "is not above 0");
  return factor;
}

void ReadDisturbance(JsonObject& file, Cluster& cluster) {
  if (!file.Has("disturbance")) return;
  JsonObject object = file.Object("disturbance");
  Disturbance& disturbance = cluster.disturbance;
  if (object.Has("seed")) disturbance.seed = static_cast<uint64_t>(object.Integer("seed", 0));
  disturbance.jitter = NumberOr(object, "jitter", 0, 0);
  disturbance.straggler_share = ShareOr(object, "straggler_share", 0);
  disturbance.straggler_factor = FactorOr(object, "straggler_factor", 1);
  disturbance.slow_link_share = ShareOr(object, "slow_link_share", 0);
  disturbance.slow_link_factor = FactorOr(object, "slow_link_factor", 1);
  disturbance.stagger = DurationOr(object, "stagger", 0);
  object.Finish();
}

}  // namespace

Cluster ReadCluster(const std::string& path) {
  JsonObject file = JsonObject::Read(path);
  Cluster cluster;
  if (file.Has("name")) cluster.name = file.Text("name");
  JsonObject nic = file.Object("nic");
  cluster.nic = ReadNic(nic);
  nic.Finish();
  ReadExceptions(file, cluster);
  ReadHosts(file, cluster);
  ReadRacks(file, cluster);
  ReadSharedCores(file, cluster);
  ReadMessage(file, cluster);
  ReadIncast(file, cluster);
  if (file.Has("accumulate_rate")) {
    cluster.accumulate_bytes_per_second = Figure(file, "accumulate_rate", ParseBandwidth);
  }
  ReadDisturbance(file, cluster);
  file.Finish();
  return cluster;
}

}  // namespace sim
