#include "experiments/faults/scenario.h"

#include <random>

#include "absl/strings/str_cat.h"

namespace experiments {

const char* NameOf(Phase phase) {
  switch (phase) {
    case Phase::kStart:
      return "start or rendezvous";
    case Phase::kEpoch:
      return "start of an epoch";
    case Phase::kLoad:
      return "loading";
    case Phase::kStep:
      return "step";
    case Phase::kValidation:
      return "validation";
    case Phase::kGathering:
      return "gathering of figures";
    case Phase::kCheckpoint:
      return "checkpoint";
    case Phase::kExit:
      return "exit";
  }
  return "";
}

const char* NameOf(Blow blow) {
  switch (blow) {
    case Blow::kKill:
      return "is killed";
    case Blow::kStop:
      return "is halted";
    case Blow::kThrow:
      return "fails";
    case Blow::kDelay:
      return "is slow";
    case Blow::kAsk:
      return "is asked to stop";
  }
  return "";
}

Scenario DrawScenario(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto draw = [&random](int count) { return static_cast<int>(random() % count); };
  Scenario scenario{.seed = seed};
  const auto strategies = core::Strategies();
  scenario.strategy = &strategies[random() % strategies.size()];
  if (scenario.strategy->Takes("servers")) {
    scenario.options.server.servers = 1 + draw(2);
    if (scenario.options.server.servers == 1) scenario.options.server.colocated = draw(2) == 1;
  }
  scenario.options.buckets = {.first_bytes = 256, .bytes = 1024};
  scenario.workers = 1 + draw(4);
  const int servers = (*scenario.strategy->make(scenario.options))->servers();
  scenario.ranks = scenario.workers + servers;
  scenario.checkpoint_every = draw(3) == 0 ? -1 : 1 + draw(4);
  scenario.children_ignored = draw(4) == 0;
  Fault& fault = scenario.fault;
  fault.blow = static_cast<Blow>(draw(kBlows));
  // Nobody waits for a lone rank that is halted: whoever did that wants it so.
  if (fault.blow == Blow::kStop && scenario.ranks == 1) fault.blow = Blow::kKill;
  fault.phase = static_cast<Phase>(draw(kPhases));
  fault.victim = draw(scenario.ranks);
  fault.occurrence = draw(4);
  // What only happens once or twice in a run.
  if (fault.phase == Phase::kStart || fault.phase == Phase::kExit) fault.occurrence = 0;
  if (fault.phase == Phase::kEpoch || fault.phase == Phase::kGathering) fault.occurrence %= 2;
  fault.milliseconds = draw(2) == 0 || fault.blow == Blow::kThrow ? 0 : draw(60);
  return scenario;
}

std::string Describe(const Scenario& scenario) {
  const Fault& fault = scenario.fault;
  std::string text =
      absl::StrCat("seed ", scenario.seed, ": ", core::Label(*scenario.strategy, scenario.options),
                   ", ", scenario.ranks, " ranks, rank ", fault.victim, " ", NameOf(fault.blow),
                   " at time ", fault.occurrence + 1, " of its ", NameOf(fault.phase));
  if (fault.milliseconds > 0) absl::StrAppend(&text, " + ", fault.milliseconds, " ms");
  absl::StrAppend(&text, ", checkpoints ",
                  scenario.checkpoint_every < 0
                      ? "each epoch"
                      : absl::StrCat("every ", scenario.checkpoint_every, " steps"));
  if (scenario.children_ignored) absl::StrAppend(&text, ", SIGCHLD ignored");
  return text;
}

}  // namespace experiments
