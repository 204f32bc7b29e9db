// Autotuned algorithms on disk: a JSON file for each GPU model, shared by processes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace flashrt {

/// An algorithm as cuBLASLt's opaque bytes. They hold for the library version and GPU model that they were measured with, which the
/// file's first line names; a file of another version is measured again.
class AutotuneCache {
 public:
  struct Entry {
    std::string algorithm;  // hexadecimal
    uint64_t workspace = 0;
    double microseconds = 0;
  };

  /// An empty path keeps everything in memory.
  AutotuneCache(std::string path, const std::string& gpu, uint64_t library_version);

  std::optional<Entry> find(const std::string& key) const;

  /// Adds the entry and writes the file, with what other processes have added to it meanwhile. The file appears whole or not at all.
  void store(const std::string& key, const Entry& entry);

  /// $FLASHRT_AUTOTUNE_CACHE, or autotune-<gpu>.json in $XDG_CACHE_HOME/flashrt or ~/.cache/flashrt. Empty when the variable is set
  /// to nothing, or when there is no home folder.
  static std::string default_path(const std::string& gpu);

 private:
  void merge_file();

  std::string path_, header_;
  std::map<std::string, Entry> entries_;
};

}  // namespace flashrt
