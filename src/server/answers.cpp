// Also the SQL functions about them: rlsproof.keep_answers() and rlsproof.forget_answers().
#include "base/text.hpp"
#include "prove/memory.hpp"

#include "server/answers.hpp"

#include <fmt/format.h>

#include "server/spi.hpp"

extern "C" {
#include "common/cryptohash.h"
#include "common/sha2.h"
}

namespace rlsproof::server {

namespace {

constexpr size_t kMost = 16 << 20; // bytes that a session remembers

// One that nobody can find a second text for: who writes policies must not choose which answer is found.
bool hash(const char *text, size_t length, uint8 *digest) {
    pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
    const bool made = context != nullptr && pg_cryptohash_init(context) == 0 &&
                      pg_cryptohash_update(context, (const uint8 *)text, length) == 0 &&
                      pg_cryptohash_final(context, digest, PG_SHA256_DIGEST_LENGTH) == 0;
    pg_cryptohash_free(context);
    return made;
}

// Empty where the server's library refuses.
std::string hash_of(const std::string &text) {
    uint8 digest[PG_SHA256_DIGEST_LENGTH];
    if (!call(hash, text.data(), text.size(), (uint8 *)digest)) return "";
    std::string result;
    for (const uint8 byte : digest) {
        result += "0123456789abcdef"[byte >> 4];
        result += "0123456789abcdef"[byte & 15];
    }
    return result;
}

bool may_read() {
    return query("select pg_catalog.has_table_privilege(pg_catalog.to_regclass('rlsproof.answers')::oid, 'SELECT')")
        .boolean(0, 0);
}

} // namespace

Answers &answers() {
    static Answers session;
    return session;
}

void Answers::put(Entry entry) {
    if (const auto known = by_question_.find(entry.question); known != by_question_.end()) {
        size_ -= known->second->size();
        entries_.erase(known->second);
        by_question_.erase(known);
    }
    size_ += entry.size();
    entries_.push_front(std::move(entry));
    by_question_[entries_.front().question] = entries_.begin();
    while (size_ > kMost && entries_.size() > 1) {
        size_ -= entries_.back().size();
        by_question_.erase(entries_.back().question);
        entries_.pop_back();
    }
}

std::optional<std::string> Answers::find(const std::string &question) {
    const auto known = by_question_.find(hash_of(question));
    if (known == by_question_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, known->second);
    return known->second->answer;
}

void Answers::keep(const std::string &question, const std::string &solver, const std::string &answer) {
    if (std::string key = hash_of(question); !key.empty()) put({std::move(key), solver, answer});
}

void Answers::read() {
    if (read_ || !may_read()) return;
    const Rows kept = query("select question, solver, answer from rlsproof.answers order by question");
    for (size_t i = 0; i < kept.size(); i++)
        if (!by_question_.contains(kept.text(i, 0))) put({kept.text(i, 0), kept.text(i, 1), kept.text(i, 2)});
    read_ = true;
}

long Answers::write() const {
    std::vector<std::string> questions, solvers, texts;
    for (const Entry &entry : entries_) {
        questions.push_back(entry.question);
        solvers.push_back(entry.solver);
        texts.push_back(entry.answer);
    }
    return execute(
        "insert into rlsproof.answers (question, solver, answer) select u.q, u.s, u.a from rows from "
        "(pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) as u (q, s, a) "
        "order by u.q on conflict do nothing",
        {array_literal(questions), array_literal(solvers), array_literal(texts)});
}

long Answers::forget() {
    entries_.clear();
    by_question_.clear();
    size_ = 0;
    read_ = true;
    return execute("delete from rlsproof.answers");
}

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_keep_answers);
PG_FUNCTION_INFO_V1(rlsproof_forget_answers);

Datum rlsproof_keep_answers(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    return enter([&]() -> Datum { return Int64GetDatum(answers().write()); });
}

Datum rlsproof_forget_answers(PG_FUNCTION_ARGS) {
    (void)fcinfo;
    return enter([&]() -> Datum { return Int64GetDatum(answers().forget()); });
}
}

} // namespace rlsproof::server
