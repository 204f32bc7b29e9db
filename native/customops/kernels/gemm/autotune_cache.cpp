#include "kernels/gemm/autotune_cache.h"

#include <unistd.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kernels/core/check.h"

namespace flashrt {
namespace {

/// Without the characters that JSON would have to escape.
std::string plain(const std::string& text) {
  std::string result;
  for (char c : text)
    if (c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20) result += c;
  return result;
}

std::string entry_line(const std::string& key, const AutotuneCache::Entry& entry) {
  std::ostringstream out;
  out << "\"" << key << "\": {\"algorithm\": \"" << entry.algorithm << "\", \"workspace\": " << entry.workspace
      << ", \"microseconds\": " << entry.microseconds << "}";
  return out.str();
}

/// Reads a line that entry_line wrote; anything else is no entry.
std::optional<std::pair<std::string, AutotuneCache::Entry>> parse_entry(const std::string& line) {
  char key[256], algorithm[513];
  unsigned long long workspace = 0;
  double microseconds = 0;
  if (std::sscanf(line.c_str(), " \"%255[^\"]\": {\"algorithm\": \"%512[0-9a-f]\", \"workspace\": %llu, \"microseconds\": %lf}", key, algorithm,
                  &workspace, &microseconds) != 4)
    return std::nullopt;
  return std::pair{std::string(key), AutotuneCache::Entry{algorithm, workspace, microseconds}};
}

}  // namespace

AutotuneCache::AutotuneCache(std::string path, const std::string& gpu, uint64_t library_version) : path_(std::move(path)) {
  header_ = "{\"format\": 1, \"gpu\": \"" + plain(gpu) + "\", \"cublaslt\": " + std::to_string(library_version) + ", \"algorithms\": {";
  merge_file();
}

std::optional<AutotuneCache::Entry> AutotuneCache::find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? std::nullopt : std::optional(found->second);
}

void AutotuneCache::store(const std::string& key, const Entry& entry) {
  merge_file();
  entries_[key] = entry;
  if (path_.empty()) return;
  const auto explain = [&](const std::string& reason) {
    return "cannot write the autotune cache '" + path_ + "': " + reason +
           ". Set FLASHRT_AUTOTUNE_CACHE to a file that can be written, or to nothing to keep the results in memory";
  };
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  check(!error, explain(error.message()));
  const std::string temporary = path_ + "." + std::to_string(getpid());
  std::ofstream out(temporary);
  out << header_;
  const char* separator = "\n";
  for (const auto& [name, value] : entries_) {
    out << separator << "  " << entry_line(name, value);
    separator = ",\n";
  }
  out << "\n}}\n";
  out.close();
  check(!out.fail(), explain("the temporary file beside it could not be written"));
  std::filesystem::rename(temporary, path_, error);
  check(!error, explain(error.message()));
}

void AutotuneCache::merge_file() {
  if (path_.empty()) return;
  std::ifstream in(path_);
  std::string line;
  if (!in || !std::getline(in, line) || line != header_) return;  // no file, or one of another library version: it is written anew
  while (std::getline(in, line))
    if (auto entry = parse_entry(line)) entries_.insert(std::move(*entry));
}

std::string AutotuneCache::default_path(const std::string& gpu) {
  if (const char* given = std::getenv("FLASHRT_AUTOTUNE_CACHE")) return given;
  const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
  std::string folder;
  if (cache != nullptr && *cache != 0) folder = cache;
  else if (home != nullptr && *home != 0) folder = std::string(home) + "/.cache";
  else return "";
  std::string name;
  for (char c : gpu) {
    const bool kept = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (kept) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (!name.empty() && name.back() != '-') name += '-';
  }
  return folder + "/flashrt/autotune-" + name + ".json";
}

}  // namespace flashrt
