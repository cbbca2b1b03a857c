#include "cli/flavour.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/scan.hpp"

namespace rlsproof::cli {

namespace {

// What the platform brings, by schema. An empty name stands for anything in the schema.
struct Member {
    std::string_view schema, name;
};
constexpr std::array kMembers = {
    Member{"auth", "uid"},
    Member{"auth", "jwt"},
    Member{"auth", "role"},
    Member{"auth", "email"},
    Member{"auth", "users"},
    Member{"auth", "identities"},
    Member{"auth", "sessions"},
    Member{"auth", "mfa_factors"},
    Member{"storage", "objects"},
    Member{"storage", "buckets"},
    Member{"storage", "foldername"},
    Member{"storage", "filename"},
    Member{"storage", "extension"},
    Member{"realtime", "messages"},
    Member{"realtime", "topic"},
    Member{"realtime", "send"},
    Member{"realtime", "broadcast_changes"},
    Member{"vault", "secrets"},
    Member{"vault", "decrypted_secrets"},
    Member{"vault", "create_secret"},
    Member{"supabase_functions", ""},
    Member{"graphql_public", ""},
    Member{"extensions", ""},
};
constexpr std::array<std::string_view, 4> kRoles = {"anon", "authenticated", "service_role", "authenticator"};

bool is_name(const Token &token) {
    return token.kind == TokenKind::word || token.kind == TokenKind::quoted;
}

// Reads one text and notes what it uses and what it makes.
class Reader {
public:
    struct Use {
        std::string name, file;
        int line;
    };

    void read(const Source &source) {
        for (size_t i = 0; i < source.pieces.size(); ++i) {
            const Piece &piece = source.pieces[i];
            if (const auto inner = source.included.find(i); inner != source.included.end())
                read(*inner->second);
            else if (piece.kind != Piece::Kind::meta)
                scan(piece.text, source, piece.line, 0);
        }
    }

    // Uses of things that no file makes.
    std::vector<Use> missing() const {
        std::vector<Use> result;
        std::copy_if(uses_.begin(), uses_.end(), std::back_inserter(result),
                     [&](const Use &use) { return !made_.contains(use.name); });
        return result;
    }
    // Sessions tell who acts by a setting that the application makes up, and by none that an API of Supabase sets.
    bool goes_by_own_settings() const { return own_settings_ && !api_settings_; }
    bool makes_something() const {
        return std::any_of(uses_.begin(), uses_.end(), [&](const Use &use) { return made_.contains(use.name); });
    }

private:
    void scan(std::string_view text, const Source &source, int line, int depth) {
        constexpr int kDeepest = 4; // dollar quotes in dollar quotes
        std::array<Token, 3> last;  // newest first
        Scanner scanner(text);
        Token token;
        size_t counted = 0;
        while (scanner.next(token)) {
            line += static_cast<int>(std::count(text.begin() + counted, text.begin() + token.start, '\n'));
            counted = token.start;
            if (token.kind == TokenKind::dollar && depth < kDeepest) scan(token.name(), source, line, depth + 1);
            track(token, last[0]);
            if (is_name(token)) take(token, last, {"", source.name, line});
            if (token.kind == TokenKind::string && last[0].is('(') && last[1].is("current_setting"))
                take_setting(token.text);
            const bool qualifies = scanner.at() < text.size() && text[scanner.at()] == '.';
            if (is_name(token) && !made_kind_.empty() && !leads_to_name(token) && !qualifies) made_kind_.clear();
            last = {token, last[0], last[1]};
        }
    }

    // Where in a statement we are: after CREATE something, after REVOKE, in a list of roles.
    void track(const Token &token, const Token &before) {
        if (token.is("create"))
            made_kind_ = "create";
        else if (!made_kind_.empty() && is_kind(token))
            made_kind_ = lower(token.text);
        if (token.is(';')) revoking_ = false, made_kind_.clear();
        revoking_ |= token.is("revoke");
        if (is_name(token) && !token.is("to"))
            in_roles_ = before.is("to") || before.is("role") || (revoking_ && before.is("from")) ||
                        (in_roles_ && before.is(','));
        else if (!token.is(','))
            in_roles_ = false;
    }

    static bool is_kind(const Token &token) {
        return token.is("schema") || token.is("function") || token.is("table") || token.is("view") ||
               token.is("role") || token.is("user") || token.is("group") || token.is("publication");
    }

    // Stands between CREATE and the name of what is created.
    static bool leads_to_name(const Token &token) {
        return is_kind(token) || token.is("create") || token.is("or") || token.is("replace") || token.is("if") ||
               token.is("not") || token.is("exists");
    }

    void take(const Token &token, const std::array<Token, 3> &last, const Use &use) {
        const std::string name = token.name();
        if (last[0].is('.') && is_name(last[1])) {
            const std::string schema = last[1].name();
            const auto brings = [&](const Member &m) {
                return m.schema == schema && (m.name.empty() || m.name == name);
            };
            if (std::any_of(kMembers.begin(), kMembers.end(), brings))
                note(schema + "." + name, made_kind_ == "function" || made_kind_ == "table" || made_kind_ == "view",
                     use);
        } else if (made_kind_ == "role" || made_kind_ == "user" || made_kind_ == "group") {
            made_.insert("role " + name);
        } else if (last[0].is("schema") && (name == "extensions" || name == "supabase_functions")) {
            note("schema " + name, made_kind_ == "schema", use);
        } else if (in_roles_ &&
                   (std::find(kRoles.begin(), kRoles.end(), name) != kRoles.end() || name.starts_with("supabase_"))) {
            note("role " + name, false, use);
        } else if (name == "supabase_realtime" && last[0].is("publication")) {
            note("publication " + name, made_kind_ == "publication", use);
        }
    }

    void take_setting(std::string_view quoted) {
        api_settings_ |= quoted.find("request.") != std::string_view::npos;
        own_settings_ |= quoted.find('.') != std::string_view::npos;
    }

    void note(std::string name, bool makes, Use use) {
        if (makes) made_.insert(name);
        use.name = std::move(name);
        uses_.push_back(std::move(use));
    }

    std::vector<Use> uses_;
    std::set<std::string> made_;
    std::string made_kind_; // after CREATE: the kind of thing being made, until its name has come by
    bool revoking_ = false;
    bool in_roles_ = false;
    bool own_settings_ = false, api_settings_ = false;
};

} // namespace

FlavourChoice choose_flavour(const Migrations &migrations, const Sources &sources) {
    Reader reader;
    for (const auto &source : sources) reader.read(*source);
    const std::vector<Reader::Use> missing = reader.missing();
    if (!missing.empty()) {
        const Reader::Use &first = missing.front();
        const size_t others = missing.size() - 1;
        const std::string seen =
            fmt::format("{} in {}:{}{}", first.name, first.file, first.line,
                        others == 0 ? "" : " and " + text::plural(others, "more place", "more places"));
        // A role of that name is made elsewhere too.
        const bool roles_alone = migrations.layout != "supabase" &&
                                 std::all_of(missing.begin(), missing.end(),
                                             [](const Reader::Use &use) { return use.name.starts_with("role "); });
        if (roles_alone && reader.goes_by_own_settings())
            return {Flavour::plain, "who acts is told by settings of the application's own", seen};
        return {Flavour::supabase,
                seen + (roles_alone ? "; nothing but the names of roles says so, and where it is not so, --plain is "
                                      "what to ask for"
                                    : ""),
                ""};
    }
    if (migrations.layout == "supabase") return {Flavour::supabase, "the folder is a Supabase project", ""};
    return {Flavour::plain,
            reader.makes_something() ? "the migrations make auth and the roles they use themselves"
                                     : "nothing of Supabase is mentioned",
            ""};
}

} // namespace rlsproof::cli
