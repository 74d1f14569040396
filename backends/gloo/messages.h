#ifndef BACKENDS_GLOO_MESSAGES_H_
#define BACKENDS_GLOO_MESSAGES_H_

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "backends/gloo/peers.h"
#include "core/buffer.h"
#include "core/timeline.h"
#include "core/work.h"

namespace backends {

// Messages between two ranks. All start at once; for each peer and direction a thread awaits them
// in turn, so that their spans end when they do rather than when somebody asks.
//
// A message is a header that says its size, with the elements behind it if they are few; else the
// elements follow by themselves, from the source's memory into the target's.
class Messages {
 public:
  // `timeline` may be null.
  Messages(Peers& peers, core::Timeline* timeline);
  ~Messages();

  // After Peers::Stop(): ends the threads. What is in flight fails. Call before destruction.
  void Join();

  core::Work Send(core::Buffer source, int to, core::SpanKind kind);
  core::Work Receive(core::Buffer target, int from, core::SpanKind kind);

 private:
  class Channel;

  Channel& Find(bool sends, int peer);

  Peers& peers_;
  core::Timeline* const timeline_;
  std::mutex mutex_;
  std::map<std::pair<bool, int>, std::unique_ptr<Channel>> channels_;
};

}  // namespace backends

#endif  // BACKENDS_GLOO_MESSAGES_H_
