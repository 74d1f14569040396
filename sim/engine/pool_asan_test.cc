// That the pool hides no use after free from AddressSanitizer: with --config=asan, else skipped.
#include "gtest/gtest.h"
#include "sim/engine/pool.h"

namespace sim {
namespace {

TEST(PoolAsanTest, ADeletedObjectIsNotTouched) {
  Pool<double> pool;
  const uint32_t id = pool.New();
  pool.New();
  pool[id] = 1;
  pool.Delete(id);
  EXPECT_DEATH(*const_cast<volatile double*>(&pool[id]) = 2, "use-after-poison");
  EXPECT_EQ(pool.New(), id);
  EXPECT_EQ(pool[id], 1);
  pool.Delete(id);
}

}  // namespace
}  // namespace sim
