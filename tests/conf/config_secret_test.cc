// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "conf/config_file.h"
#include "tests/conf/test_secrets.h"

using namespace larder;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Equals;
using Catch::Matchers::MessageMatches;

namespace {

constexpr const char* kToken = "cs5b69faf35efdebd91d08bcf4";

std::string stack_with_tokens(const std::string& tokens) {
  return "[[stack]]\napi_key = \"blt1\"\nregion = \"na\"\n[[stack.scope]]\n"
         "environment = \"production\"\ndelivery_tokens = " +
         tokens + "\n";
}

/// A directory that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "larder-conf-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  /// The path of a new file.
  std::string file(const std::string& name, const std::string& content, mode_t mode) const {
    std::string path = path_ / name;
    std::ofstream(path, std::ios::binary) << content;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    return path;
  }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("config: a token comes from a text, a file, a variable or a credential", "[conf]") {
  MapSecretSource secrets;
  secrets.files["/etc/token"] = std::string(kToken) + "\n";
  secrets.variables["TOKEN"] = "from-env\r\n";
  secrets.credentials["token"] = "from-credential";
  const ParsedConfig parsed =
      parse_config(stack_with_tokens("[\"literal\", {file=\"/etc/token\"}, {env=\"TOKEN\"}, "
                                     "{credential=\"token\"}]"),
                   secrets);
  REQUIRE_THAT(format_mistakes("F", parsed.mistakes), Equals(""));
  const std::vector<Secret>& tokens = parsed.config.stacks[0].scopes[0].delivery_tokens;
  REQUIRE(tokens.size() == 4);
  CHECK(tokens[0].reveal() == "literal");
  CHECK(tokens[1].reveal() == kToken);
  CHECK(tokens[2].reveal() == "from-env");
  CHECK(tokens[3].reveal() == "from-credential");
  CHECK(parsed.literal_secret_line == 6);
}

TEST_CASE("config: a bad token is refused and never quoted", "[conf]") {
  struct Case {
    const char* tokens;
    const char* says;
  };
  MapSecretSource secrets;
  secrets.files["/empty"] = "\n";
  secrets.files["/two-lines"] = std::string(kToken) + "\n" + kToken + "\n";
  secrets.files["/nul"] = std::string(kToken) + std::string(1, '\0');
  secrets.variables["BLANK"] = std::string(kToken) + " ";
  secrets.variables["LONG"] = std::string(4'097, 'x');
  const auto c = GENERATE(values<Case>({
      {"[\"\"]", "a token of stack.scope.delivery_tokens is empty"},
      {"[{file=\"/empty\"}]", "is empty; put the token there"},
      {"[{file=\"/two-lines\"}]", "holds blanks, control or non-ASCII characters"},
      {"[{file=\"/nul\"}]", "holds blanks, control or non-ASCII characters"},
      {"[{env=\"BLANK\"}]", "holds blanks, control or non-ASCII characters"},
      {"[{env=\"LONG\"}]", "is longer than 4 KiB"},
      {"[{env=\"MISSING\"}]", "MISSING does not exist; create it"},
      {"[{file=\"relative\"}]", "delivery_tokens.file is \"relative\"; give an absolute path"},
      {"[{credential=\"../x\"}]", "give a credential's name, without a path"},
      {"[{fiel=\"/x\"}]", "unknown source of a token \"fiel\"; did you mean \"file\"?"},
      {"[{file=\"/x\", env=\"X\"}]", "a table with more or less than one key"},
      {"[{}]", "a table with more or less than one key"},
      {"[17]", "is a whole number; give a text, { file"},
      {"{file=\"/x\"}", "stack.scope.delivery_tokens is a table; give an array"},
      {"\"cs5b69faf35efdebd91d08bcf4\"", "is a text; give an array"},
      {"[cs5b69faf35efdebd91d08bcf4]", "F:6: this is no TOML"},
      {"[\"cs5b69faf35efdebd91d08bcf4]", "F:6: this is no TOML"},
      {"[\"cs5b69faf35efdebd91d08bcf4\", \"cs5b69faf35efdebd91d08bcf4\"]", "already in line 6"},
  }));
  DYNAMIC_SECTION(c.tokens) {
    const std::string text =
        format_mistakes("F", parse_config(stack_with_tokens(c.tokens), secrets).mistakes);
    CHECK_THAT(text, ContainsSubstring(c.says));
    CHECK(text.find("5b69") == std::string::npos);
    CHECK(text.find("xxx") == std::string::npos);
  }
}

TEST_CASE("config: a token that strayed to another key is not quoted", "[conf]") {
  const std::string token = GENERATE("cs5b69faf35efdebd91d08bcf4", "swordfish");
  const std::string key = GENERATE("region", "delivery", "aliases", "environmnet");
  const std::string quoted = "\"" + token + " \"";
  const std::string toml = "[[stack]]\napi_key = \"blt1\"\n" + key + " = " + quoted +
                           "\n[[stack.scope]]\nenvironment = \"p\"\ndelivery_tokens = [\"" + token +
                           "\"]\nbranches = [" + quoted + "]\n";
  const std::string text = format_mistakes("F", parse_config(toml, MapSecretSource{}).mistakes);
  CAPTURE(toml, text);
  CHECK_FALSE(text.empty());
  CHECK(text.find(token) == std::string::npos);
}

TEST_CASE("config: a file that holds tokens must be closed to others", "[conf]") {
  const TemporaryDirectory directory;
  const std::string literal = stack_with_tokens("[\"literal-token\"]");
  SECTION("closed") {
    const Config config = load_config(directory.file("a.toml", literal, 0600));
    CHECK(config.stacks.size() == 1);
  }
  SECTION("open to the group") {
    const std::string path = directory.file("a.toml", literal, 0640);
    const ConfigReport report = check_config_file(path);
    CHECK_FALSE(report.ok);
    CHECK_THAT(report.text, ContainsSubstring(path + ":6: " + path +
                                              " is open to others (mode 0640); run chmod 600 " +
                                              path + ", or move the token out of it: { file"));
    CHECK_THROWS_MATCHES(load_config(path), StartupError,
                         MessageMatches(ContainsSubstring("chmod 600")));
  }
  SECTION("open to all, but without tokens") {
    const std::string token = directory.file("token", "the-token\n", 0400);
    const std::string path =
        directory.file("a.toml", stack_with_tokens("[{file=\"" + token + "\"}]"), 0644);
    CHECK(load_config(path).stacks[0].scopes[0].delivery_tokens[0].reveal() == "the-token");
    const ConfigReport report = check_config_file(path);
    CHECK(report.ok);
    CHECK_THAT(report.text, ContainsSubstring(path + ": ok\n"));
    CHECK(report.text.find("the-token") == std::string::npos);
  }
  SECTION("of a stranger") {
    if (::geteuid() != 0) SKIP("only root can give a file away");
    const std::string path = directory.file("a.toml", literal, 0600);
    REQUIRE(::chown(path.c_str(), 12'345, 0) == 0);
    CHECK_THAT(check_config_file(path).text, ContainsSubstring("belongs to user 12345; make root"));
  }
}

TEST_CASE("config: a secret file must be closed to others, a credential need not", "[conf]") {
  const TemporaryDirectory directory;
  const std::string token = directory.file("token", "the-token\n", 0644);
  SECTION("a file") {
    const std::string path =
        directory.file("a.toml", stack_with_tokens("[{file=\"" + token + "\"}]"), 0644);
    const std::string text = check_config_file(path).text;
    CHECK_THAT(text, ContainsSubstring(path + ":6: " + token + " is open to others (mode 0644); "));
    CHECK(text.find("the-token") == std::string::npos);
  }
  SECTION("a credential") {
    const std::string path =
        directory.file("a.toml", stack_with_tokens("[{credential=\"token\"}]"), 0644);
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK_THROWS_MATCHES(load_config(path), StartupError,
                         MessageMatches(ContainsSubstring("LoadCredential=token:PATH")));
    ::setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1);
    CHECK(load_config(path).stacks[0].scopes[0].delivery_tokens[0].reveal() == "the-token");
    ::unsetenv("CREDENTIALS_DIRECTORY");
  }
  SECTION("of a service with a user of its own, in its message") {
    const std::string closed = directory.file("closed", "the-token\n", 0);
    const pid_t child = ::fork();
    if (child == 0) {  // as the user that the service has
      if (::geteuid() == 0 && ::setresuid(12'345, 12'345, 12'345) != 0) ::_exit(2);
      const auto read = SystemSecretSource{}.read_file(closed);
      const bool told = !read && read.error().context.find("{ credential = ") != std::string::npos;
      ::_exit(told ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  SECTION("a directory, a FIFO, nothing") {
    const std::string fifo = directory.path() + "/fifo";
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    const SystemSecretSource source;
    CHECK(source.read_file(directory.path()).error().code == Error::Code::io);
    CHECK(source.read_file(fifo).error().code == Error::Code::io);
    CHECK(source.read_file(directory.path() + "/none").error().code == Error::Code::not_found);
    const std::string large = directory.file("large", std::string(5'000, 'x'), 0600);
    CHECK(source.read_file(large).error().code == Error::Code::full);
  }
}

TEST_CASE("config: a check outside of the service says what it cannot see", "[conf]") {
  const TemporaryDirectory directory;
  directory.file("first", "the-first\n", 0600);
  directory.file("second", "two words\n", 0600);
  const auto config = [&](const std::string& tokens, mode_t mode = 0644) {
    return directory.file("a.toml", stack_with_tokens(tokens), mode);
  };
  ::unsetenv("CREDENTIALS_DIRECTORY");
  SECTION("credentials pass unread, each named once") {
    const std::string path = config("[{credential=\"first\"}, {credential=\"second\"}]");
    const ConfigReport report = check_config_file(path);
    CHECK(report.ok);
    CHECK_THAT(report.text, ContainsSubstring("2 delivery tokens"));
    CHECK_THAT(report.text,
               ContainsSubstring("not checked: what is in the credentials \"first\", \"second\""));
    CHECK_THAT(report.text,
               ContainsSubstring("CREDENTIALS_DIRECTORY=FOLDER larderd --check " + path));
    CHECK(report.text.find("unread:") == std::string::npos);
  }
  SECTION("with their folder they are checked") {
    ::setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1);
    const ConfigReport good = check_config_file(config("[{credential=\"first\"}]"));
    CHECK(good.ok);
    CHECK(good.text.find("not checked") == std::string::npos);
    CHECK_THAT(check_config_file(config("[{credential=\"second\"}]")).text,
               ContainsSubstring("holds blanks"));
    CHECK_THAT(check_config_file(config("[{credential=\"third\"}]")).text,
               ContainsSubstring("the credential third is not in "));
    ::unsetenv("CREDENTIALS_DIRECTORY");
  }
  SECTION("one credential twice is found without its content") {
    CHECK_THAT(check_config_file(config("[{credential=\"first\"}, {credential=\"first\"}]")).text,
               ContainsSubstring("already in line 6"));
  }
  SECTION("what root alone can read is told") {
    if (::geteuid() != 0) SKIP("only root can read what root alone can read");
    const std::string file = "[{file=\"" + directory.path() + "/first\"}]";
    CHECK_THAT(check_config_file(config(file)).text,
               ContainsSubstring("warning: only root can read \"" + directory.path() +
                                 "/first\"; a service"));
    const std::string closed = check_config_file(config("[{credential=\"first\"}]", 0600)).text;
    CHECK_THAT(closed,
               ContainsSubstring("warning: only root can read " + directory.path() + "/a.toml"));
    const std::string open = check_config_file(config("[{credential=\"first\"}]")).text;
    CHECK(open.find("only root") == std::string::npos);
  }
}

TEST_CASE("config: a file that is not there is one plain error", "[conf]") {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/none.toml";
  CHECK_THROWS_MATCHES(load_config(path), StartupError,
                       MessageMatches(ContainsSubstring("none.toml does not exist; create it")));
  CHECK_FALSE(check_config_file(path).ok);
}

TEST_CASE("config: a CA file must be readable", "[conf]") {
  const TemporaryDirectory directory;
  const std::string path = directory.file("a.toml", "[upstream]\nca_file = \"/none.pem\"\n", 0644);
  CHECK_THAT(check_config_file(path).text,
             ContainsSubstring("upstream.ca_file /none.pem does not exist"));
}
