#include "server/guard/series.hpp"

#include <algorithm>

#include "server/compat.hpp"
#include "server/guard/settings.hpp"
#include "server/guard/stricter.hpp"

extern "C" {
#include "access/transam.h"
#include "access/xact.h"
#include "nodes/params.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
}

namespace rlsproof::server::guard {

namespace {

// Longer texts are not kept: half a statement has no normal form.
constexpr size_t kText = 1024;

// A series: queries of one shape. Few shapes run at a time; one that falls out starts anew.
struct Series {
    uint64 shape;
    LocalTransactionId transaction; // 0 outside a transaction block
    TimestampTz last;
    int count;
    int different; // how many differed in their values from the one before
    uint64 values; // the hash of the latest values
    int same;      // how often the latest values were sent in a row
    uint64 rows;
    uint64 parent; // the shape of the query whose rows it seems to follow
    char parent_text[kText];
};
constexpr int kSeries = 64;
Series all[kSeries];

// The latest query that returned several rows: what an N+1 series goes through.
struct Parent {
    uint64 shape;
    LocalTransactionId transaction;
    TimestampTz at;
    char text[kText]; // empty where it is longer
};
Parent parent;

uint64 mixed(uint64 hash, uint64 value) {
    hash = (hash ^ value) * UINT64CONST(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 32);
}

// Sixteen bytes at a time: every statement of a session comes here, and only a session's own texts are compared, so the
// server's stronger hash, which takes bytes one by one, is not needed.
uint64 hash_of(const char *bytes, size_t length) {
    constexpr uint64 kOdd = UINT64CONST(0xe7037ed1a0b428db);
    uint64 words[2] = {0, 0};
    constexpr size_t kStep = sizeof(words);
    uint64 hash = length;
    const auto take = [&] {
        const auto product = static_cast<unsigned __int128>(words[0] ^ hash) * (words[1] ^ kOdd);
        hash = static_cast<uint64>(product) ^ static_cast<uint64>(product >> 64);
    };
    for (size_t at = 0; at + kStep <= length; at += kStep) {
        memcpy(words, bytes + at, kStep);
        take();
    }
    // The rest, together with bytes that were taken before.
    if (length >= kStep)
        memcpy(words, bytes + length - kStep, kStep);
    else
        memcpy(words, bytes, length);
    take();
    return hash;
}

// Constants are in the text, parameters are not.
uint64 hash_of_values(const Sent &sent) {
    const Part part = part_of(sent.source);
    uint64 hash = hash_of(part.start, part.length);
    if (sent.parameters == nullptr) return hash;
    for (int i = 0; i < sent.parameters->numParams; ++i) {
        // A list that is filled on demand belongs to a function, which is not what is looked at here.
        if (sent.parameters->paramFetch != nullptr) break;
        const ParamExternData &parameter = sent.parameters->params[i];
        hash = mixed(hash, parameter.isnull ? 1 : 2);
        if (parameter.isnull || !OidIsValid(parameter.ptype)) continue;
        int16 size;
        bool by_value;
        get_typlenbyval(parameter.ptype, &size, &by_value);
        if (by_value) {
            hash = mixed(hash, parameter.value);
            continue;
        }
        const Size bytes = datumGetSize(parameter.value, by_value, size);
        hash = mixed(hash, hash_of(DatumGetPointer(parameter.value), bytes));
    }
    return hash;
}

bool together(LocalTransactionId before, TimestampTz at, LocalTransactionId now, TimestampTz time) {
    if (now != 0) return before == now;
    return before == 0 && time <= at + static_cast<TimestampTz>(limits.window) * 1000;
}

bool calls_user_function(Node *node, void *context) {
    if (node == nullptr) return false;
    if (IsA(node, FuncExpr) && reinterpret_cast<FuncExpr *>(node)->funcid >= FirstNormalObjectId) return true;
    return compat::walk(node, calls_user_function, context);
}

// Catalogs are asked again and again by tools; a ping, a sequence's next value and a setting are no data of anybody.
// Only asked of what would be told.
[[gnu::noinline]] bool asks_for_data(const PlannedStmt *plan) {
    if (reads_user_table(plan)) return true;
    ListCell *cell;
    foreach (cell, plan->rtable) {
        const auto *const entry = lfirst_node(RangeTblEntry, cell);
        if (calls_user_function(reinterpret_cast<Node *>(entry->functions), nullptr)) return true;
    }
    return calls_user_function(reinterpret_cast<Node *>(plan->planTree->targetlist), nullptr);
}

void copy_text(char *to, size_t size, const Source &source) {
    const Part part = part_of(source);
    if (part.length >= size)
        *to = '\0';
    else
        strlcpy(to, part.start, part.length + 1);
}

} // namespace

void note_sent(const Sent &sent, Violations *found) {
    const uint64 shape = sent.source.shape;
    if (shape == 0) return;
    const LocalTransactionId transaction = IsTransactionBlock() ? compat::local_transaction() : 0;
    const TimestampTz now = GetCurrentStatementStartTimestamp();

    Series *const series = &all[shape % kSeries];
    const uint64 values = hash_of_values(sent);
    if (series->shape != shape || !together(series->transaction, series->last, transaction, now)) {
        const bool follows =
            parent.shape != 0 && parent.shape != shape && together(parent.transaction, parent.at, transaction, now);
        *series = {};
        series->shape = shape;
        series->transaction = transaction;
        series->parent = follows ? parent.shape : 0;
        if (follows) strlcpy(series->parent_text, parent.text, sizeof(series->parent_text));
    } else if (series->values != values) {
        ++series->different;
        series->same = 0;
    }
    series->values = values;
    series->last = now;
    series->rows += sent.rows;
    ++series->count;
    ++series->same;

    // Told once a series, at the moment it becomes one; where it is refused, every further query is.
    const int different = series->different + 1;
    if (wants(Rule::n_plus_one) && sent.reads && different >= limits.n_plus_one_count && series->same == 1 &&
        series->rows <= static_cast<uint64>(series->count) &&
        (different == limits.n_plus_one_count || refused(Rule::n_plus_one, sent.source.text)) &&
        asks_for_data(sent.plan)) {
        Violation *const violation = found->add(Rule::n_plus_one);
        if (violation != nullptr) {
            violation->measured = series->count;
            violation->allowed = limits.n_plus_one_count - 1;
            violation->counted = true;
            violation->after = *series->parent_text != '\0' ? series->parent_text : nullptr;
        }
    }
    if (wants(Rule::repeated_query) && sent.reads && series->same >= limits.repeated_query_count &&
        (series->same == limits.repeated_query_count || refused(Rule::repeated_query, sent.source.text)) &&
        asks_for_data(sent.plan)) {
        Violation *const violation = found->add(Rule::repeated_query);
        if (violation != nullptr) {
            violation->measured = series->same;
            violation->allowed = limits.repeated_query_count - 1;
            violation->counted = true;
        }
    }
    if (sent.reads && sent.rows > 1) {
        parent.shape = shape;
        parent.transaction = transaction;
        parent.at = now;
        copy_text(parent.text, sizeof(parent.text), sent.source);
    }
}

} // namespace rlsproof::server::guard
