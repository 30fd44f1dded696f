// SPDX-License-Identifier: Apache-2.0
#include "daemon/watch/outcome.h"

namespace larder {

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::hit:
      return "hit";
    case Outcome::stale:
      return "stale";
    case Outcome::stale_error:
      return "stale_error";
    case Outcome::miss:
      return "miss";
    case Outcome::joined:
      return "joined";
    case Outcome::committed:
      return "committed";
    case Outcome::pass:
      return "pass";
    case Outcome::preview:
      return "preview";
    case Outcome::rejected:
      return "rejected";
    case Outcome::refused:
      return "refused";
    case Outcome::preflight:
      return "preflight";
    case Outcome::failed:
      return "failed";
    case Outcome::aborted:
      return "aborted";
  }
  return "?";
}

const char* name_of(AnswerClass answer) {
  switch (answer) {
    case AnswerClass::hit:
      return "hit";
    case AnswerClass::stale:
      return "stale";
    case AnswerClass::miss:
      return "miss";
    case AnswerClass::pass:
      return "pass";
    case AnswerClass::preview:
      return "preview";
    case AnswerClass::own:
      return "own";
  }
  return "?";
}

AnswerClass class_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::hit:
      return AnswerClass::hit;
    case Outcome::stale:
    case Outcome::stale_error:
      return AnswerClass::stale;
    case Outcome::miss:
    case Outcome::joined:
    case Outcome::committed:
      return AnswerClass::miss;
    case Outcome::pass:
      return AnswerClass::pass;
    case Outcome::preview:
      return AnswerClass::preview;
    default:
      return AnswerClass::own;
  }
}

}  // namespace larder
