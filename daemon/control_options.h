// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
class Validator;
}  // namespace CLI

/// Options that several commands of larderctl have, and what is made of them.
namespace larder {

/// In which form a command shows what it got.
struct FormOptions {
  bool json = false, text = false;
};
void add_forms(CLI::App& command, FormOptions& options);
/// A program that reads gets JSON, as ever; a person at a terminal gets text.
bool wants_json(const FormOptions& options);
/// Of stdout.
bool is_terminal();

/// Where to look; "" = anywhere.
struct PlaceOptions {
  std::string api_key, environment, branch;
};
void add_place_options(CLI::App& command, PlaceOptions& options, const char* of_branch);

/// An empty value is a variable of the shell that was not set: it must not widen what is meant.
CLI::Validator not_empty();

/// `name=value` behind what a query has so far; nothing of an empty value.
void add_field(std::string& query, const std::string& name, const std::string& value);

}  // namespace larder
