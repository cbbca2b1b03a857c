#include "model/name_words.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace rlsproof {

namespace {

// A star stands for any letters: "diagnos*" is diagnosis and diagnoses, "*email*" is useremail as well.
constexpr std::array kPrivate = {
    "*email*",     "mail",      "*phone*", "mobile",   "msisdn",    "fax",        "whatsapp",  "address*", "street",
    "postcode",    "postal",    "zip",     "zipcode",  "birth*",    "dob",        "gender",    "ethnic*",  "religio*",
    "national*",   "passport*", "licence", "license",  "ssn",       "nin",        "tax",       "taxid",    "vat",
    "iban",        "bic",       "swift",   "bank*",    "card",      "cards",      "cvv",       "cvc",      "salary",
    "salaries",    "wage*",     "income*", "earning*", "payroll",   "balance*",   "debt*",     "credit*",  "stripe*",
    "diagnos*",    "medic*",    "health*", "patient*", "allerg*",   "disabilit*", "insurance", "token*",   "secret*",
    "*password*",  "passwd",    "pwd",     "passcode", "pin",       "otp",        "mfa",       "totp",     "apikey",
    "credential*", "cpf",       "pix",     "ip",       "emergency", "guardian*",  "lat",       "latitude", "lng",
    "longitude",   "private",
};
constexpr std::array kOfPeople = {"firstname", "lastname",   "fullname", "surname",  "forename",  "birth*",
                                  "dob",       "gender",     "ethnic*",  "religio*", "passport*", "ssn",
                                  "salary",    "salaries",   "diagnos*", "medic*",   "patient*",  "allerg*",
                                  "guardian*", "disabilit*", "nin"};
constexpr std::array kNameOfPeople = {"first", "last", "full", "middle", "maiden", "family", "given"};
constexpr std::array kPeople = {"customer*", "client",       "clients",     "lead",          "leads",      "patient*",
                                "student*",  "pupil*",       "employee*",   "subscriber*",   "contact*",   "guest*",
                                "attendee*", "participant*", "applicant*",  "candidate*",    "user",       "users",
                                "profile*",  "people",       "person*",     "donor*",        "volunteer*", "resident*",
                                "signup*",   "waitlist*",    "newsletter*", "registration*", "enquir*",    "inquir*",
                                "buyer*",    "member",       "members"};
constexpr std::array kHandedIn = {
    "request*",  "application*", "lead",         "leads",   "enquir*", "inquir*",   "contact*",  "submission*",
    "booking*",  "appointment*", "reservation*", "order",   "orders",  "signup*",   "waitlist*", "feedback",
    "response*", "vote*",        "view",         "views",   "click*",  "visit*",    "event*",    "impression*",
    "analytic*", "metric*",      "report*",      "review*", "rating*", "donation*", "payment*",  "subscri*",
    "invit*",    "proposal*",    "bid",          "bids"};
// Who stands on the page about us is there to be seen.
constexpr std::array kShown = {"team", "staff", "public", "speaker*", "author*"};
constexpr std::array kStanding = {"role", "rank", "tier", "plan", "level", "status", "type"};
constexpr std::array kGranted = {"role",       "roles",      "admin",     "isadmin",   "superadmin", "permission*",
                                 "plan",       "tier",       "premium",   "ispremium", "subscri*",   "credit",
                                 "credits",    "balance",    "wallet",    "quota",     "verified",   "isverified",
                                 "approved",   "isapproved", "approval",  "kyc",       "banned",     "isbanned",
                                 "blocked",    "isblocked",  "suspended", "paid",      "payment",    "entitle*",
                                 "commission", "rating",     "reputation"};
// When it was, who did it, and what it is called at somebody else's, is said of it and is not it; nor is what somebody
// would like, what he works as elsewhere, where he is to be reached or paid, and whether he wants to hear of it.
constexpr std::array kSaidOfIt = {
    "at",      "by",           "date",        "id",        "note",      "notes",     "reason",   "url",     "on",
    "email",   "method",       "methods",     "token",     "name",      "message",   "customer", "intent*", "request*",
    "desired", "prefer*",      "wanted",      "wants",     "interest*", "wish*",     "target",   "dream",   "address*",
    "terms",   "currency",     "newsletter*", "marketing", "notif*",    "reminder*", "alert*",   "label",   "title",
    "aspir*",  "description*", "seeking",     "self",      "skill*",    "content",   "age",      "meal*",   "workout*",
    "diet*",   "treatment",    "study",       "daily",     "weekly",    "whatsapp"};
constexpr std::array kWorksAs = {"job", "work", "professional", "occupation"};
constexpr std::array kSecret = {"token", "secret", "nonce", "apikey"};
constexpr std::array kOfSecrets = {"token*", "secret*", "key*",     "code*",  "invit*",
                                   "link*",  "share*",  "session*", "reset*", "magic"};
// A colour's token and a coin's are no secret, nor is what a list of pages goes on with.
constexpr std::array kTokenOf = {
    "color*", "colour*", "design*", "theme*",    "style*", "css",  "coin*",   "crypto*", "erc*",      "nft",
    "asset*", "base",    "quote",   "from",      "to",     "in",   "out",     "reward*", "native",    "pair",
    "swap*",  "pool*",   "chain*",  "contract*", "mint*",  "pay",  "page",    "next",    "prev*",     "cursor",
    "is",     "has",     "max",     "min",       "per",    "type", "wrapped", "stake*",  "governance"};
constexpr std::array kSecondFactor = {"2fa", "mfa", "tfa", "totp", "otp", "otps", "aal", "aal2", "is2fa"};
constexpr std::array kSecretLast = {"secret", "secrets", "apikey", "password", "passwd", "credential", "credentials"};
// The settings of whom one is paid through hold what one shows to them.
constexpr std::array kSettings = {"config", "configuration", "settings"};
constexpr std::array kPaidThrough = {"stripe", "paypal", "mercado*", "pagseguro", "asaas",
                                     "smtp",   "twilio", "razorpay", "adyen"};
constexpr std::array kKeyTo = {"api", "access", "secret", "share"};
constexpr std::array kWritten = {
    "message*", "content*", "body",    "comment*",    "note",     "notes", "text",    "reply",
    "replies",  "answer*",  "prompt*", "transcript*", "feedback", "diary", "journal",
};
constexpr std::array kBetweenPeople = {"message*", "chat*",  "conversation*", "dm",
                                       "dms",      "inbox*", "letter*",       "notification*"};
constexpr std::array kInvitations = {"invit*"};
constexpr std::array kAnswers = {"accept*", "declin*", "reject*", "refus*", "confirm*", "dismiss*", "joined"};
constexpr std::array kWhoSees = {
    "public",   "publish*", "private",  "visib*",   "hidden",   "draft*", "confidential",
    "internal", "status",   "approved", "moderat*", "unlisted", "listed",
};
constexpr std::array kAuthor = {"author", "authorid", "authoruid", "sender", "senderid", "writer", "poster"};
constexpr std::array kSaidBy = {"sent", "posted", "written", "said", "authored"};
constexpr std::array kTyped = {"created", "updated", "modified", "added",    "edited",
                               "changed", "entered", "inserted", "imported", "deleted"};
constexpr std::array kHandled = {"reviewed",  "handled",  "processed", "contacted", "resolved", "approved", "assigned",
                                 "answered",  "verified", "checked",   "closed",    "claimed",  "managed",  "rejected",
                                 "responded", "replied",  "converted", "invited",   "read"};
constexpr std::array kTypist = {"", "id", "uid", "uuid", "user", "userid", "useruid"};
constexpr std::array kOverOthers = {"*admin*", "super*", "staff*", "root", "moderator*", "manager", "managers", "boss"};
constexpr std::array kAdmins = {"*admin*", "super*", "root"};
constexpr std::array kRulers = {"admin", "owner", "super", "staff", "root", "moderator", "manager", "boss"};
constexpr std::array kEverybody = {"public", "publicly", "everyone", "everybody", "anyone", "anybody"};
// What makes everybody fewer, or all rows fewer.
constexpr std::array kFewer = {"authenticated", "user",   "users",    "signed", "logged", "login",  "member*",
                               "own*",          "self",   "team*",    "admin*", "staff",  "only",   "published",
                               "approved",      "active", "verified", "not",    "non",    "except", "if",
                               "when",          "where",  "insert",   "update", "delete", "manage"};

bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool fits(std::string_view word, std::string_view pattern) {
    const bool before = pattern.starts_with('*'), after = pattern.ends_with('*');
    const std::string_view letters =
        pattern.substr(before ? 1 : 0, pattern.size() - (before ? 1 : 0) - (after ? 1 : 0));
    if (before && after) return word.find(letters) != word.npos;
    if (before) return word.ends_with(letters);
    return after ? word.starts_with(letters) : word == letters;
}

} // namespace

std::vector<std::string> words_of_name(std::string_view name) {
    std::vector<std::string> words;
    bool open = false, after_lower = false;
    for (const char c : name) {
        // Letters beyond ASCII belong to a word as they are.
        const bool part = is_lower(c) || is_upper(c) || is_digit(c) || (static_cast<unsigned char>(c) & 0x80) != 0;
        if (part && (!open || (is_upper(c) && after_lower))) words.emplace_back();
        if (part) words.back() += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
        open = part;
        after_lower = is_lower(c);
    }
    return words;
}

bool any_fits(const std::vector<std::string> &words, std::span<const char *const> patterns) {
    return std::any_of(words.begin(), words.end(), [&](const std::string &word) {
        return std::any_of(patterns.begin(), patterns.end(), [&](const char *pattern) { return fits(word, pattern); });
    });
}

bool says_private(std::string_view column) {
    return any_fits(words_of_name(column), kPrivate);
}

bool says_granted(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    // As what somebody works is his own to say.
    const bool works_as = any_fits(words, kWorksAs) && any_fits(words, std::array{"role", "roles"});
    return any_fits(words, kGranted) && !speaks_of_it(column) && !works_as;
}

bool speaks_of_it(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    return words.size() > 1 && any_fits(words, kSaidOfIt);
}

bool says_person(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    return any_fits(words, kOfPeople) ||
           (words.size() == 2 && words.back() == "name" && any_fits({words.front()}, kNameOfPeople));
}

bool says_handed_in(std::string_view table) {
    return any_fits(words_of_name(table.substr(table.rfind('.') + 1)), kHandedIn);
}

bool says_whose_name(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    return any_fits(words, std::array{"firstname", "lastname", "fullname", "surname", "forename"}) ||
           (words.size() == 2 && words.back() == "name" &&
            (any_fits({words.front()}, kNameOfPeople) || any_fits({words.front()}, kPeople)));
}

bool says_people(std::string_view table) {
    const std::vector<std::string> words = words_of_name(table.substr(table.rfind('.') + 1));
    return any_fits(words, kPeople) && !any_fits(words, kShown);
}

bool says_called(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    return !words.empty() && any_fits({words.back()}, std::array{"name", "title", "label", "slug"});
}

bool says_standing(std::string_view function) {
    return any_fits(words_of_name(function), kStanding);
}

bool says_secret(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    if (any_fits(words, kSecret)) return true;
    const auto has = [&](const char *word) { return std::find(words.begin(), words.end(), word) != words.end(); };
    if (has("hash") || has("hashed")) return words.size() == 1 || any_fits(words, kOfSecrets);
    return has("key") && any_fits(words, kKeyTo);
}

bool says_key(std::string_view setting) {
    const std::vector<std::string> words = words_of_name(setting.substr(setting.rfind('.') + 1));
    return any_fits(words, kSecret) || any_fits(words, std::array{"key", "apikey"});
}

bool is_secret(std::string_view name) {
    const std::vector<std::string> words = words_of_name(name);
    if (words.empty()) return false;
    const std::string &last = words.back();
    if (last == "token") return words.size() == 1 || !any_fits(words, kTokenOf);
    return any_fits({last}, kSecretLast) || (last == "key" && any_fits(words, kKeyTo)) ||
           (any_fits({last}, kSettings) && any_fits(words, kPaidThrough));
}

bool says_second_factor(std::string_view name) {
    const std::vector<std::string> words = words_of_name(name.substr(name.rfind('.') + 1));
    if (any_fits(words, kSecondFactor)) return true;
    for (size_t i = 1; i < words.size(); i++)
        if (words[i].starts_with("factor") && any_fits({words[i - 1]}, std::array{"two", "2", "second", "multi"}))
            return true;
    return any_fits(words, std::array{"session", "sessions"}) &&
           any_fits(words, std::array{"verified", "verification*"});
}

bool says_code(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    return std::find(words.begin(), words.end(), "code") != words.end();
}

bool is_secret_word(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    const bool hashed = words.size() > 1 && any_fits(words, std::array{"hash", "hashed"});
    return says_secret(column) && !says_code(column) && (hashed || is_secret(column));
}

bool says_address(std::string_view column) {
    return any_fits(words_of_name(column), std::array{"*email*", "mail"});
}

bool says_written(std::string_view column) {
    return any_fits(words_of_name(column), kWritten);
}

bool answers_invitation(std::string_view list, std::string_view word) {
    return any_fits(words_of_name(list), kInvitations) && any_fits(words_of_name(word), kAnswers);
}

bool says_read(std::string_view column) {
    return any_fits(words_of_name(column), std::array{"read", "isread", "seen", "viewed", "opened"});
}

bool says_between_people(std::string_view name) {
    return any_fits(words_of_name(name), kBetweenPeople);
}

bool says_who_sees(std::string_view column) {
    return any_fits(words_of_name(column), kWhoSees);
}

bool says_author(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    return any_fits(words, kAuthor) || (words.size() > 1 && words[1] == "by" && any_fits({words.front()}, kSaidBy));
}

bool says_whose_opinion(std::string_view table, std::string_view column) {
    return any_fits(words_of_name(table.substr(table.rfind('.') + 1)),
                    std::array{"review", "reviews", "rating", "ratings", "testimonial*", "endorsement*"}) &&
           any_fits(words_of_name(column), std::array{"reviewer*", "rater*", "endorser*"});
}

bool says_who_typed(std::string_view column) {
    std::string letters;
    for (const std::string &word : words_of_name(column)) letters += word;
    if (letters.starts_with("last")) letters.erase(0, std::string_view("last").size());
    return std::any_of(kTyped.begin(), kTyped.end(), [&](const char *typed) {
        return std::any_of(kTypist.begin(), kTypist.end(),
                           [&](const char *typist) { return letters == std::string(typed) + "by" + typist; });
    });
}

bool says_who_handles(std::string_view column) {
    const std::vector<std::string> words = words_of_name(column);
    if (words.empty()) return false;
    const bool done = words.size() > 1 && (words[1] == "by" || words[1] == "to" || words[1] == "admin");
    return words.front() == "assignee" || (done && any_fits({words.front()}, kHandled));
}

bool says_over_others(std::string_view list) {
    return any_fits(words_of_name(list), kOverOthers);
}

bool says_ruler(std::string_view role) {
    std::string letters;
    for (const std::string &word : words_of_name(role)) letters += word;
    return std::any_of(kRulers.begin(), kRulers.end(),
                       [&](const char *ruler) { return letters.find(ruler) != std::string::npos; });
}

bool says_admin(std::string_view role) {
    return any_fits(words_of_name(role), kAdmins);
}

bool says_everybody(std::string_view policy) {
    const std::vector<std::string> words = words_of_name(policy);
    if (any_fits(words, kFewer)) return false;
    if (any_fits(words, kEverybody)) return true;
    const auto next = [&](const char *first, const char *second) {
        for (size_t i = 0; i + 1 < words.size(); i++)
            if (words[i] == first && words[i + 1] == second) return true;
        return false;
    };
    return next("by", "all") || next("to", "all"); // viewable by all, visible to all
}

} // namespace rlsproof
