#include "model/name_words.hpp"

#include "server/standing.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "server/spi.hpp"
#include "server/subtransaction.hpp"

namespace rlsproof::server {

namespace {

constexpr size_t kMostTenants = 2;

} // namespace

std::vector<std::string> words_of(const Stage &stage, const TableShape &shape, const ColumnShape &column) {
    std::vector<std::string> words;
    const auto &allowed = stage.tables().allowed;
    if (const auto found = allowed.find({shape.id, column.number}); found != allowed.end())
        for (const Candidate &word : found->second)
            if (word) words.push_back(*word);
    words.insert(words.end(), column.labels.rbegin(), column.labels.rend());
    return words;
}

std::vector<std::string> role_words(const Stage &stage, const TableShape &shape, const ColumnShape &column) {
    std::vector<std::string> words;
    const Hints &hints = stage.hints();
    const Column place{shape.id, column.number};
    const bool kind = column.category == 'S' || column.category == 'E' || column.category == 'B';
    if (!kind || column.generated || !hints.personal.contains(place) || hints.identity.contains(place)) return words;
    const auto add = [&](std::string word) {
        if (column.category == 'B') word.resize(std::min<size_t>(word.size(), 1));
        if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
    };
    if (const auto asked = hints.asked_of_callers.find(place); asked != hints.asked_of_callers.end())
        for (const std::string &word : asked->second) add(word);
    if (const auto together = hints.asked_together.find(shape.id); together != hints.asked_together.end())
        for (const Asked &asked : together->second)
            if (const auto values = asked.find(column.number); values != asked.end())
                for (const Candidate &word : values->second)
                    if (word) add(*word);
    std::stable_partition(words.begin(), words.end(), [](const std::string &word) { return says_ruler(word); });
    return words;
}

bool names_rulers(const Stage &stage, const TableShape &shape, const ColumnShape &column) {
    if ((column.category != 'S' && column.category != 'E') || column.generated ||
        stage.hints().identity.contains({shape.id, column.number}))
        return false;
    const std::vector<std::string> words = words_of(stage, shape, column);
    return std::any_of(words.begin(), words.end(), [](const std::string &word) { return says_ruler(word); });
}

std::optional<Column> tenant_called(const Stage &stage, const std::string &name, char category) {
    for (const Column &column : stage.hints().tenant) {
        const TableShape *table = stage.tables().of(column.relation);
        const ColumnShape *shape = table != nullptr ? table->column(column.number) : nullptr;
        if (shape != nullptr && shape->category == category && !stage.rows(column.relation).empty() &&
            (shape->name == name || shape->name == name + "_id"))
            return column;
    }
    return std::nullopt;
}

Candidate default_word(const ColumnShape &column) {
    Candidate word;
    if (!column.default_expression.empty())
        (void)attempt(Finish::rollback, [&] {
            word = query(fmt::format("select ({})::{}::text", column.default_expression, column.type_name)).value(0, 0);
        });
    if (word && column.category == 'B') word->resize(1);
    return word;
}

std::optional<std::string> plain_word(const Stage &stage, const TableShape &shape, const ColumnShape &column) {
    const std::vector<std::string> asked = role_words(stage, shape, column);
    const auto is_asked = [&](const std::string &word) {
        return std::find(asked.begin(), asked.end(), word) != asked.end();
    };
    if (column.category == 'B') return is_asked("t") ? "f" : "t";
    std::vector<std::string> words = words_of(stage, shape, column);
    if (words.empty()) words.emplace_back("made");
    if (const Candidate word = default_word(column)) words.insert(words.begin(), *word);
    const auto plain = std::find_if(words.begin(), words.end(),
                                    [&](const std::string &word) { return !word.empty() && !is_asked(word); });
    return plain == words.end() ? std::nullopt : std::optional<std::string>(*plain);
}

std::vector<std::string> plain_words(const Stage &stage, const TableShape &shape, const ColumnShape &column) {
    std::vector<std::string> result;
    const auto add = [&](const std::string &word) {
        if (!word.empty() && !says_ruler(word) && std::find(result.begin(), result.end(), word) == result.end())
            result.push_back(word);
    };
    if (const Candidate word = default_word(column)) add(*word);
    if (const auto word = plain_word(stage, shape, column)) add(*word);
    if (!result.empty()) return result;
    const auto said = [&](const std::string &word) {
        const auto found = stage.hints().mentions.find(word);
        return found == stage.hints().mentions.end() ? 0 : found->second;
    };
    std::vector<std::string> words = words_of(stage, shape, column);
    std::erase_if(words, [](const std::string &word) { return says_ruler(word); });
    const auto least =
        std::min_element(words.begin(), words.end(), [&](const auto &a, const auto &b) { return said(a) < said(b); });
    if (least != words.end()) add(*least);
    return result;
}

bool meant_for_all(const std::string &role) {
    std::string lower = role;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const char *word : {"super", "platform", "system", "global", "root", "service", "internal"})
        if (lower.find(word) != std::string::npos) return true;
    return false;
}

bool hangs_on(const Tables &tables, const TableShape &table, Oid parent, int keys) {
    if (table.id == parent) return true;
    return keys > 0 && std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey &key) {
               const TableShape *next = tables.of(key.parent);
               return next != nullptr && key.parent != table.id && hangs_on(tables, *next, parent, keys - 1);
           });
}

const ForeignKey *belongs_by(const Stage &stage, const TableShape &shape) {
    const auto found = std::find_if(shape.foreign_keys.begin(), shape.foreign_keys.end(), [&](const ForeignKey &key) {
        const TableShape *parent = stage.tables().of(key.parent);
        return key.columns.size() == 1 && key.parent != shape.id && parent != nullptr && !stage.is_account(*parent) &&
               !stage.hints().identity.contains({shape.id, key.columns.front()}) &&
               role_words(stage, shape, *shape.column(key.columns.front())).empty();
    });
    return found == shape.foreign_keys.end() ? nullptr : &*found;
}

std::vector<Row> among_others(const Stage &stage, const std::vector<Row> &own, const ForeignKey &belongs,
                              const Row &row) {
    std::vector<Row> result;
    for (const Row &parent : stage.rows(belongs.parent)) {
        const auto value = parent.values.find(belongs.parent_columns.front());
        const bool is_own = std::any_of(own.begin(), own.end(), [&](const Row &other) {
            return other.table == parent.table && other.tid == parent.tid;
        });
        if (is_own || value == parent.values.end() || !value->second || result.size() == kMostTenants) continue;
        result.push_back(row);
        result.back().values[belongs.columns.front()] = value->second;
    }
    return result;
}

} // namespace rlsproof::server
