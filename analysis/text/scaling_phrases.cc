#include "analysis/text/scaling_phrases.h"

namespace analysis {
namespace {

constexpr ScalingPhrases kEnglish = {
    .title = "Scaling of parameter servers and all-reduce (simulated)",
    .explanation =
        "One step on a star of hosts with one network nic each. Efficiency: throughput over that "
        "of as many\nworkers that need not keep in step. Where there are too many messages to "
        "simulate: + collectives by their\nformulas, * the whole step by the closed form, which "
        "estimates what stragglers cost. A saturated server's\nthroughput over that of a worker "
        "alone is the number of workers it feeds; if only its links counted that\nwould be "
        "C B S/(2M), with B bytes/s and S servers.\n",
    .commit = "Simulated by commit $0.\n",
    .profile =
        "batch $0 a worker, computing time C = $1 s, gradients M = $2 MB; a worker alone: "
        "$3 images/s",
    .efficiency = "efficiency, %",
    .workers = "workers",
    .fed_workers = "workers that servers feed",
    .one_server = "1 server",
    .several_servers = "$0 servers",
    .simulated = "simulated",
    .as_fast_as = "at least as fast as $0",
    .always = "always",
    .never = "never",
    .at = "at $0",
    .up_to = "up to $0",
    .from = "from $0",
    .from_to = "$0 to $1",
    .stragglers = "$0 workers, $1 % of which compute $2 times as long:",
    .slowdown = "step with stragglers / without",
};

constexpr ScalingPhrases kChinese = {
    .title = "参数服务器与 all-reduce 的扩展性（模拟）",
    .explanation =
        "星形网络中每台主机一块网卡，模拟一步。效率：吞吐量与同样多但无需同步的工作进程之比。\n"
        "消息过多无法逐条模拟时：+ 集合通信按公式计算，* "
        "整步按闭式公式计算，其中掉队者的影响为估计值。\n"
        "服务器饱和时的吞吐量除以单个工作进程的吞吐量，即其能供给的工作进程数；\n"
        "若只计其链路，则为 C B S/(2M)，B 为字节/秒，S 为服务器数。\n",
    .commit = "模拟所用提交：$0。\n",
    .profile = "每进程批大小 $0，计算时间 C = $1 秒，梯度 M = $2 MB；单个工作进程：$3 图像/秒",
    .efficiency = "效率，%",
    .workers = "进程",
    .fed_workers = "服务器能供给的工作进程数",
    .one_server = "1 台服务器",
    .several_servers = "$0 台服务器",
    .simulated = "模拟",
    .as_fast_as = "不慢于 $0 的进程数",
    .always = "总是",
    .never = "从不",
    .at = "仅 $0",
    .up_to = "至 $0",
    .from = "自 $0",
    .from_to = "$0 至 $1",
    .stragglers = "$0 个工作进程，其中 $1 % 的计算时间为 $2 倍：",
    .slowdown = "有掉队者的步时 / 无",
};

}  // namespace

const ScalingPhrases& ScalingPhrasesIn(Language language) {
  return language == Language::kChinese ? kChinese : kEnglish;
}

}  // namespace analysis
