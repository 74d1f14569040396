#ifndef BACKENDS_TORCH_ENGINE_CACHING_ALLOCATOR_H_
#define BACKENDS_TORCH_ENGINE_CACHING_ALLOCATOR_H_

namespace backends {

// From now on libtorch's large CPU tensors come from memory that is kept for the next one instead
// of going back to the kernel, on huge pages where there are any. malloc maps and unmaps each large
// activation: its pages are zeroed and faulted in anew in every step. Once per process;
// thread-safe.
void InstallCachingAllocator();

}  // namespace backends

#endif  // BACKENDS_TORCH_ENGINE_CACHING_ALLOCATOR_H_
