// Checks the CUDA attention kernels against the CPU reference, then times them: attention_bench [check] [tiles] [models] [NAME..]
//
//   check    random inputs, awkward shapes, every tile and several numbers of key shares; the exit code says whether all passed
//   tiles    what each tile costs, as lines for kernels/attention/tiling.h
//   models   the attention of real models: the plan's choice, then every tile with its best number of splits
//   NAME     of `models`, those whose name contains it
//
// Without arguments all three. Tiles marked * are candidates that only this program is compiled with.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "bench/attention_check.cuh"
#include "kernels/attention/tensor_kernel.cuh"

namespace flashrt::bench {
namespace {

/// nvcc 12.4 cannot name a kernel whose template argument is a structure, so a candidate is a type.
template <int kRowFragments, int kRowWarps, int kKeyWarps, int kKeys, int kSlots, int kBlocks>
struct Candidate {
  static constexpr TileShape shape{kRowFragments, kRowWarps, kKeyWarps, kKeys, kSlots, kBlocks};
};

/// A tile of the table, or a candidate.
struct Choice {
  TileCost cost;
  bool candidate;
  std::function<void(const AttentionArgs&, int splits, cudaStream_t)> run;
};

template <int kDim, typename Tile>
Choice candidate() {
  return {{Tile::shape, 3.0f, 1.0f, 1.0f}, true, [](const AttentionArgs& a, int splits, cudaStream_t stream) {
            const Partials partials = partials_of(a, splits);
            launch_tensor_tile<Float16, kDim, Tile>(a, partials, stream);
            if (splits > 1) combine_partials(a, partials, stream);
          }};
}

std::vector<Choice> choices_of(int dim, const DeviceLimits& limits) {
  std::vector<Choice> choices;
  const auto tiles = tiles_of(dim);
  for (size_t t = 0; t < tiles.size(); ++t)
    choices.push_back({tiles[t], false, [dim, t](const AttentionArgs& a, int splits, cudaStream_t stream) {
                         attention_planned(a, {dim, static_cast<int>(t), splits}, stream);
                       }});
  if (dim == 48) choices.push_back(candidate<48, Candidate<1, 4, 2, 128, 4, 1>>());
  if (dim == 64) choices.push_back(candidate<64, Candidate<1, 4, 2, 128, 4, 1>>());
  if (dim == 128) choices.push_back(candidate<128, Candidate<2, 2, 2, 64, 4, 2>>());
  if (dim == 256) choices.push_back(candidate<256, Candidate<1, 2, 2, 32, 4, 2>>());
  std::erase_if(choices, [&](const Choice& c) { return c.cost.shape.shared_bytes(dim) > limits.block_shared_bytes; });
  return choices;
}

std::string text_of(const Choice& choice) {
  const TileShape& s = choice.cost.shape;
  char text[64];
  std::snprintf(text, sizeof text, "{%d, %d, %d, %d, %d, %d}%s", s.row_fragments, s.row_warps, s.key_warps, s.keys, s.slots, s.blocks,
                choice.candidate ? "*" : "");
  return text;
}

// ---- tile costs

/// `blocks` row tiles, all on the same keys (which then stay in L2).
double time_tile(const Choice& choice, int dim, int64_t blocks, int64_t key_tiles) {
  const int64_t rows = choice.cost.shape.rows(), keys = key_tiles * choice.cost.shape.keys;
  const Buffer<Float16> q(blocks * rows * dim, 1), k(keys * dim, 2), v(keys * dim, 3), o(blocks * rows * dim, 4);
  AttentionArgs a;
  a.dtype = DType::f16;
  a.batch = blocks;
  a.heads = a.kv_heads = 1;
  a.queries = rows;
  a.keys = keys;
  a.head_dim = a.value_dim = dim;
  a.scale = 1.0f / std::sqrt(static_cast<float>(dim));
  a.q = q.get();
  a.k = k.get();
  a.v = v.get();
  a.o = o.get();
  a.q_strides = a.o_strides = {rows * dim, dim, dim};
  a.k_strides = a.v_strides = {0, dim, dim};
  return time_calls([&](cudaStream_t stream, int) { choice.run(a, 1, stream); }, 12, 20);
}

void print_tile_costs() {
  const DeviceLimits limits = device_limits();
  std::printf("tile costs: {row fragments, row warps, key warps, keys, slots, blocks}, start, alone, shared (us)\n");
  for (int dim : kTensorDims) {
    for (const Choice& choice : choices_of(dim, limits)) {
      const TileShape& shape = choice.cost.shape;
      constexpr int kFew = 8, kMany = 32;
      const double few = time_tile(choice, dim, limits.multiprocessors, kFew), many = time_tile(choice, dim, limits.multiprocessors, kMany);
      const double alone = (many - few) / (kMany - kFew), start = few - kFew * alone;
      const int64_t resident = std::clamp<int64_t>(limits.shared_bytes / (shape.shared_bytes(dim) + 1024), 1, shape.blocks);
      const double full = time_tile(choice, dim, limits.multiprocessors * resident, kMany) - time_tile(choice, dim, limits.multiprocessors * resident, kFew);
      const double shared = full / (kMany - kFew) / static_cast<double>(resident);
      const double flops = 4.0 * shape.rows() * shape.keys * dim * limits.multiprocessors / shared / 1e6;
      std::printf("  %3d  {%s, %.1ff, %.2ff, %.2ff},  %.0f TFLOP/s\n", dim, text_of(choice).c_str(), start, alone, shared, flops);
      std::fflush(stdout);
    }
  }
  std::printf("\n");
}

// ---- models

struct Model {
  const char* name;
  int64_t batch, heads, kv_heads, queries, keys, dim;
  bool packed = false, causal = false, bias = false;
};

constexpr Model kModels[] = {
    {"Gemma-2B prefill 712", 1, 8, 1, 712, 712, 256},
    {"Gemma-2B causal 712", 1, 8, 1, 712, 712, 256, false, true},
    {"Gemma-2B prefill 712, additive mask", 1, 8, 1, 712, 712, 256, false, false, true},
    {"Gemma-300M 50 on 762", 1, 8, 1, 50, 762, 256},
    {"Gemma-300M 10 on 722", 1, 8, 1, 10, 722, 256},
    {"Qwen3-4B decode 1 on 1025", 1, 32, 8, 1, 1025, 128},
    {"Qwen3-4B decode 1 on 4097", 1, 32, 8, 1, 4097, 128},
    {"Qwen3-4B decode 1 on 16385", 1, 32, 8, 1, 16385, 128},
    {"Qwen3-4B causal 1024", 1, 32, 8, 1024, 1024, 128, false, true},
    {"Qwen3-4B causal 4096", 1, 32, 8, 4096, 4096, 128, false, true},
    {"SigLIP 2x256, packed", 2, 16, 16, 256, 256, 72, true},
    {"DiT 51, 32 heads of 48", 1, 32, 32, 51, 51, 48},
    {"DiT 256, 16 heads of 72", 1, 16, 16, 256, 256, 72},
    {"ViT-B 197, packed", 1, 12, 12, 197, 197, 64, true},
    {"ViT-B 4x197, packed", 4, 12, 12, 197, 197, 64, true},
    {"Qwen3-4B causal 128", 1, 32, 8, 128, 128, 128, false, true},
    {"Phi-3-mini causal 256", 1, 32, 32, 256, 256, 96, false, true},
    {"BERT-base 8x512", 8, 12, 12, 512, 512, 64},
};

/// Input sets that together exceed the L2 cache.
class ModelInputs {
 public:
  explicit ModelInputs(const Model& m) : model_(m) {
    const int64_t q = m.batch * m.queries * m.heads * m.dim, kv = m.batch * m.keys * m.kv_heads * m.dim;
    count_ = sets_for((2 * q + 2 * kv) * 2);
    for (int i = 0; i < count_; ++i) {
      q_.push_back(std::make_unique<Buffer<Float16>>(q + (m.packed ? 2 * kv : 0), 3 * i + 1));
      k_.push_back(std::make_unique<Buffer<Float16>>(m.packed ? 1 : kv, 3 * i + 2));
      v_.push_back(std::make_unique<Buffer<Float16>>(m.packed ? 1 : kv, 3 * i + 3));
      o_.push_back(std::make_unique<Buffer<Float16>>(q, 1));
    }
    if (m.bias) bias_ = std::make_unique<Buffer<Float16>>(m.queries * m.keys, 5);
  }

  AttentionArgs args(int set) const {
    const Model& m = model_;
    AttentionArgs a;
    a.dtype = DType::f16;
    a.batch = m.batch;
    a.heads = m.heads;
    a.kv_heads = m.kv_heads;
    a.queries = m.queries;
    a.keys = m.keys;
    a.head_dim = a.value_dim = m.dim;
    a.scale = 1.0f / std::sqrt(static_cast<float>(m.dim));
    a.causal = m.causal;
    const int64_t width = (m.heads + 2 * m.kv_heads) * m.dim;
    a.q = q_[set]->get();
    a.k = m.packed ? q_[set]->get() + m.heads * m.dim : k_[set]->get();
    a.v = m.packed ? q_[set]->get() + (m.heads + m.kv_heads) * m.dim : v_[set]->get();
    a.o = o_[set]->get();
    a.o_strides = {m.queries * m.heads * m.dim, m.heads * m.dim, m.dim};
    a.q_strides = m.packed ? AttentionStrides{m.queries * width, width, m.dim} : a.o_strides;
    a.k_strides = a.v_strides = m.packed ? a.q_strides : AttentionStrides{m.keys * m.kv_heads * m.dim, m.kv_heads * m.dim, m.dim};
    if (m.bias) {
      a.bias = bias_->get();
      a.bias_strides = {0, 0, m.keys, 1};
    }
    return a;
  }
  int count() const { return count_; }

 private:
  Model model_;
  int count_;
  std::vector<std::unique_ptr<Buffer<Float16>>> q_, k_, v_, o_;
  std::unique_ptr<Buffer<Float16>> bias_;
};

void print_model(const Model& m, const DeviceLimits& limits) {
  const ModelInputs inputs(m);
  const double flops = 4.0 * m.batch * m.heads * m.dim * (m.causal ? m.queries * (m.keys - (m.queries - 1) / 2.0) : 1.0 * m.queries * m.keys);
  const Buffer<float> scratch(64 * m.batch * m.heads * m.queries * (m.dim + 2) <= (int64_t{1} << 28) ? 64 * m.batch * m.heads * m.queries * (m.dim + 2)
                                                                                                   : int64_t{1} << 28);
  const AttentionPlan plan = plan_attention(inputs.args(0), limits);
  const auto run = [&](const Choice& choice, int splits, bool rotate) {
    return time_calls([&](cudaStream_t stream, int call) {
      AttentionArgs a = inputs.args(rotate ? call % inputs.count() : 0);
      a.scratch = scratch.get();
      choice.run(a, splits, stream);
    }, 24, 20);
  };
  const auto choices = choices_of(plan.dim, limits);
  const Choice& planned = choices[static_cast<size_t>(plan.tile)];
  const double cold = run(planned, plan.splits, true);
  std::printf("%-36s plan %-22s x%-2d %8.2f us (one input set: %.2f, predicted %.1f)  %.0f TFLOP/s\n", m.name, text_of(planned).c_str(), plan.splits, cold,
              run(planned, plan.splits, false), predict(inputs.args(0), plan.dim, planned.cost, plan.splits, limits), flops / cold / 1e6);
  for (const Choice& choice : choices) {
    std::string line;
    double best = 0;
    const int64_t key_tiles = ceil_div(m.keys, choice.cost.shape.keys);
    for (int wanted : {1, 2, 3, 4, 6, 8, 12, 17, 24, 33}) {
      const auto splits = static_cast<int>(ceil_div(key_tiles, ceil_div(key_tiles, wanted)));
      if (wanted > key_tiles || splits * m.batch * m.heads * m.queries * (m.dim + 2) * 4 > scratch.bytes()) break;
      const double us = run(choice, splits, true);
      char entry[48];
      std::snprintf(entry, sizeof entry, " x%d %.2f", splits, us);
      line += entry;
      if (best == 0 || us < best) best = us;
      if (us > 4 * best) break;
    }
    std::printf("    %-24s best %8.2f |%s\n", text_of(choice).c_str(), best, line.c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace flashrt::bench

int main(int count, char** arguments) {
  using namespace flashrt;
  const auto wanted = [&](const char* name) {
    for (int i = 1; i < count; ++i)
      if (std::strcmp(arguments[i], name) == 0) return true;
    return count == 1;
  };
  std::vector<std::string_view> names;
  for (int i = 1; i < count; ++i)
    if (const std::string_view word = arguments[i]; word != "check" && word != "tiles" && word != "models") names.push_back(word);
  const auto named = [&](std::string_view model) {
    return names.empty() || std::any_of(names.begin(), names.end(), [&](std::string_view name) { return model.find(name) != model.npos; });
  };
  try {
    cudaDeviceProp properties;
    check_cuda(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
    std::printf("%s, %d multiprocessors\n\n", properties.name, properties.multiProcessorCount);
    const int failures = wanted("check") ? bench::check_attention(60) : 0;
    if (wanted("tiles")) bench::print_tile_costs();
    if (wanted("models"))
      for (const auto& model : bench::kModels)
        if (named(model.name)) bench::print_model(model, bench::device_limits());
    return failures == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attention_bench: %s\n", error.what());
    return 2;
  }
}
