#ifndef ANALYSIS_TEXT_PHRASES_H_
#define ANALYSIS_TEXT_PHRASES_H_

#include <iterator>
#include <optional>
#include <string_view>

#include "core/breakdown.h"

namespace analysis {

enum class Language { kEnglish, kChinese };

// "en" or "zh".
std::optional<Language> LanguageOf(std::string_view name);

// What the text report says, in one language. Figures and what files contain stand between.
struct Phrases {
  struct Heading {
    const char* text;
    const char* unit;
  };

  // Comparison.
  const char* title;
  const char* comparison;
  Heading method, ranks, throughput, epoch_time, step_time, communication, exposed, best_accuracy,
      speedup;
  const char* simulated;    // Of a row that the simulator gave.
  const char* of_training;  // Of an accuracy, where there was no validation.
  // Loss curves.
  const char* distances;
  Heading steps_compared, first_step, mean_difference, largest_difference, at_step, bit_equal;
  const char* yes;
  const char* no_from_step;
  const char* not_finite_from_step;
  // Notes.
  const char* notes;
  const char* missing;
  const char* malformed;
  const char* partial;
  const char* no_baseline;
  const char* unequal_work;
  const char* colon;  // Between a name and what is said of it.
  // One method.
  const char* configuration;
  const char* strategy;
  const char* world_size;
  const char* training_ranks;
  const char* batch_size;
  const char* global_batch_size;
  const char* started;
  const char* ended;
  const char* peak_memory;
  const char* averages;
  const char* startup;
  const char* median_step;
  // Of those of a step's figures whose name will not do.
  struct FigureTitle {
    const char* name = nullptr;
    const char* title = nullptr;
  };
  FigureTitle step_figures[std::size(core::kStepFigures)];
  const char* hidden_share;
  const char* best_in_epoch;
  const char* epochs;
  Heading epoch, train_loss, train_accuracy, validation_loss, validation_accuracy, pull_time,
      push_time;
  const char* skipped_images;
  // The simulator's error.
  const char* validation;
  const char* validated_cases;  // After their number; a mean error and the worst one follow.
  const char* mean_error;
  const char* worst_error;
  const char* noisy_cases;  // Before their number.
  const char* measured_on;
  const char* cores;
  const char* commit;
  const char* picture;
  const char* worst_cases;
  const char* links;
  const char* bound_by;
  Heading measured;
  const char* spread;
  Heading predicted;
  const char* error;
  const char* noisy;
  const char* impossible;  // Measured faster than can be.
  // What was written.
  const char* written;

  const char* TitleOf(const core::StepFigure& figure) const;
};

const Phrases& PhrasesIn(Language language);

}  // namespace analysis

#endif  // ANALYSIS_TEXT_PHRASES_H_
