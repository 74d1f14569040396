#ifndef ANALYSIS_TEXT_PHRASES_H_
#define ANALYSIS_TEXT_PHRASES_H_

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace analysis {

// Texts of the report stand in English where they are said; here is what they are in Chinese.
// Figures and what files contain stand between, or for $0, $1, ... as in absl::Substitute. What
// follows a "|" is not said: it tells apart what is one word in English and two in Chinese.

enum class Language { kEnglish, kChinese };

inline constexpr char kScalingExplanation[] =
    "One step on a star of hosts with one nic each. Efficiency: throughput over that "
    "of as many\nworkers that need not keep in step. Where there are too many messages to "
    "simulate: + collectives by their\nformulas, * the whole step by the closed form, which "
    "estimates what stragglers cost. A saturated server's\nthroughput over that of a worker "
    "alone is the number of workers it feeds; if only its links counted that\nwould be "
    "C B S/(2M), with B bytes/s and S servers.\n";

inline constexpr struct Translation {
  std::string_view english, chinese;
} kTranslations[] = {
    {": ", "："},
    {"Performance report", "性能报告"},
    {"written", "已写入"},
    // Headings and units.
    {"%", "%"},
    {"%|accuracy", "准确率%"},
    {"+ servers", "+ 服务器"},
    {"best accuracy", "最佳准确率"},
    {"bit-equal", "逐位相同"},
    {"communication", "通信"},
    {"compared", "已比较"},
    {"epoch", "轮次"},
    {"exposed", "未隐藏通信"},
    {"first step", "第一步"},
    {"images/s", "图像/秒"},
    {"loss", "损失"},
    {"max", "最大"},
    {"max at", "最大处"},
    {"mean", "平均"},
    {"method", "方法"},
    {"ms", "毫秒"},
    {"ms/step", "毫秒/步"},
    {"pull|column", "拉取"},
    {"push|column", "推送"},
    {"ranks", "进程数"},
    {"s/epoch", "秒/轮"},
    {"speed-up", "加速比"},
    {"step", "每步"},
    {"step|number", "步"},
    {"steps", "步数"},
    {"strategy", "策略"},
    {"throughput", "吞吐量"},
    {"time", "时间"},
    {"training", "训练"},
    {"validation", "验证"},
    {"x baseline", "相对基线"},
    // Comparison and notes.
    {"Comparison (means over epochs)", "方法比较（各轮平均值）"},
    {"(simulated)", "（模拟）"},
    {"(training)", "（训练）"},
    {"Loss curves, compared with the baseline's (absolute differences)",
     "损失曲线与基线的差异（绝对值）"},
    {"yes", "是"},
    {"not from step ", "否，自步 "},
    {"a loss is not a finite number from step ", "损失不是有限数，自步 "},
    {"Notes", "说明"},
    {"missing", "缺少文件"},
    {"cannot be used", "无法使用"},
    {"the run was interrupted; its results are partial", "运行被中断，结果不完整"},
    {"without the baseline's results there are no speed-ups and no distances",
     "缺少基线结果，无法给出加速比和损失差异"},
    {"training ranks or batch size differ from the baseline's, so its figures do not compare "
     "methods alone",
     "训练进程数或批大小与基线不同，数值不能仅作方法比较"},
    // One method.
    {"Configuration", "配置"},
    {"world size", "进程总数"},
    {"training ranks", "训练进程数"},
    {"batch size per rank", "每进程批大小"},
    {"batch size of all ranks", "全局批大小"},
    {"started", "开始时间"},
    {"ended", "结束时间"},
    {"peak memory by rank", "各进程内存峰值"},
    {"Averages", "平均值"},
    {"command to first step's end", "启动至第一步结束"},
    {"median step of a rank", "单进程每步中位数"},
    {"waiting for data", "等待数据"},
    {"computation", "计算"},
    {"hidden", "已隐藏通信"},
    {"pull", "拉取参数"},
    {"push", "推送梯度"},
    {"communication waiting for peers", "通信中等待其他进程"},
    {"communication hidden", "通信被隐藏的比例"},
    {"in epoch ", "轮次 "},
    {"Epochs", "各轮结果"},
    {"Broken images, skipped", "已跳过的损坏图像"},
    // The simulator's error.
    {"The simulator's error (predicted against measured)", "模拟器误差（预测与实测）"},
    {" cases: mean error of the step time ", " 个案例：每步时间的平均误差 "},
    {", worst ", "，最大 "},
    {"; noisy measurements: ", "；波动较大的测量："},
    {"measured on", "测量所用处理器"},
    {" cores", " 核"},
    {"commit", "提交"},
    {"picture", "图"},
    {"Worst cases", "误差最大的案例"},
    {"links", "链路"},
    {"bound by", "瓶颈"},
    {"measured", "实测"},
    {"spread", "离散度"},
    {"predicted", "预测"},
    {"error", "误差"},
    {"noisy", "波动较大"},
    {"below what is possible", "低于可能的下限"},
    // Scaling.
    {"Scaling of parameter servers and all-reduce (simulated)",
     "参数服务器与 all-reduce 的扩展性（模拟）"},
    {kScalingExplanation,
     "星形网络中每台主机一块网卡，模拟一步。效率：吞吐量与同样多但无需同步的工作进程之比。\n"
     "消息过多无法逐条模拟时：+ 集合通信按公式计算，* "
     "整步按闭式公式计算，其中掉队者的影响为估计值。\n"
     "服务器饱和时的吞吐量除以单个工作进程的吞吐量，即其能供给的工作进程数；\n"
     "若只计其链路，则为 C B S/(2M)，B 为字节/秒，S 为服务器数。\n"},
    {"Simulated by commit $0.\n", "模拟所用提交：$0。\n"},
    {"batch $0 a worker, computing time C = $1 s, gradients M = $2 MB; a worker alone: $3 images/s",
     "每进程批大小 $0，计算时间 C = $1 秒，梯度 M = $2 MB；单个工作进程：$3 图像/秒"},
    {"efficiency, %", "效率，%"},
    {"workers", "进程"},
    {"workers that servers feed", "服务器能供给的工作进程数"},
    {"1 server", "1 台服务器"},
    {"$0 servers", "$0 台服务器"},
    {"simulated", "模拟"},
    {"at least as fast as $0", "不慢于 $0 的进程数"},
    {"always", "总是"},
    {"never", "从不"},
    {"at $0", "仅 $0"},
    {"up to $0", "至 $0"},
    {"from $0", "自 $0"},
    {"$0 to $1", "$0 至 $1"},
    {"$0 workers, $1 % of which compute $2 times as long:",
     "$0 个工作进程，其中 $1 % 的计算时间为 $2 倍："},
    {"step with stragglers / without", "有掉队者的步时 / 无"},
};

// A text of the table above.
class Phrase {
 public:
  // A text without a translation does not compile.
  consteval Phrase(const char* english)  // NOLINT(google-explicit-constructor)
      : translation_(Find(english).value()) {}

  // Its place in the table; nothing if there is no translation. (g++'s undefined-behaviour sanitizer takes no comparison
  // of pointers for a constant, so it is no pointer.)
  static constexpr std::optional<size_t> Find(std::string_view english) {
    for (size_t i = 0; i < std::size(kTranslations); ++i) {
      if (kTranslations[i].english == english) return i;
    }
    return std::nullopt;
  }

 private:
  friend class Say;
  size_t translation_;
};

// Says phrases in one language.
class Say {
 public:
  constexpr explicit Say(Language language) : language_(language) {}

  std::string operator()(Phrase phrase) const { return Said(kTranslations[phrase.translation_]); }

  // A name that the program gives, which stays as it is where it has no translation.
  std::string Name(std::string_view name) const {
    const std::optional<size_t> translation = Phrase::Find(name);
    return translation.has_value() ? Said(kTranslations[*translation]) : std::string(name);
  }

 private:
  std::string Said(const Translation& translation) const {
    if (language_ == Language::kChinese) return std::string(translation.chinese);
    return std::string(translation.english.substr(0, translation.english.find('|')));
  }

  Language language_;
};

}  // namespace analysis

#endif  // ANALYSIS_TEXT_PHRASES_H_
