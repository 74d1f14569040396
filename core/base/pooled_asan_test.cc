// That pools hide no use after free from AddressSanitizer: with --config=asan, else skipped.
#include "core/base/pooled.h"
#include "gtest/gtest.h"

namespace core {
namespace {

struct Message : public Pooled {
  int bytes = 7;
};

TEST(PooledAsanTest, ADroppedObjectIsNotTouched) {
  auto* const message = new Message;
  EXPECT_EQ(message->bytes, 7);
  delete message;
  EXPECT_DEATH(*const_cast<volatile int*>(&message->bytes) = 8, "use-after-poison");
}

TEST(PooledAsanTest, APlaceIsGoodAgainForTheNextObject) {
  for (int i = 0; i < 3; ++i) {
    auto* const message = new Message;
    EXPECT_EQ(message->bytes, 7);
    delete message;
  }
}

}  // namespace
}  // namespace core
