#include "model/expectation.hpp"

#include "server/guard/harmless.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "server/compat.hpp"
#include "server/guard/exempt.hpp"
#include "server/guard/settings.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace rlsproof::server::guard {

namespace {

// The server's functions that are not immutable and only compute: from their arguments, the clock, chance, the
// session's own settings, or how things are named. Not among them is what runs SQL that it is given as a text, reads
// what others sent, tells of privileges by an error, touches files, locks, sequences, large objects or other sessions,
// or waits.
constexpr std::string_view kComputing[] = {
    "age",
    "anyarray_out",
    "anycompatiblearray_out",
    "anycompatiblemultirange_out",
    "anycompatiblerange_out",
    "anyenum_out",
    "anymultirange_out",
    "anyrange_out",
    "anytextcat",
    "array_in",
    "array_out",
    "array_sample",
    "array_shuffle",
    "array_to_json",
    "array_to_string",
    "cash_in",
    "cash_out",
    "clock_timestamp",
    "col_description",
    "concat",
    "concat_ws",
    "convert",
    "convert_from",
    "convert_to",
    "current_database",
    "current_schema",
    "current_schemas",
    "current_setting",
    "current_user",
    "date",
    "date_add",
    "date_cmp_timestamptz",
    "date_eq_timestamptz",
    "date_ge_timestamptz",
    "date_gt_timestamptz",
    "date_in",
    "date_le_timestamptz",
    "date_lt_timestamptz",
    "date_ne_timestamptz",
    "date_out",
    "date_part",
    "date_subtract",
    "date_trunc",
    "domain_in",
    "enum_first",
    "enum_in",
    "enum_last",
    "enum_out",
    "enum_range",
    "extract",
    "format",
    "format_type",
    "gen_random_uuid",
    "generate_series",
    "get_current_ts_config",
    "in_range",
    "interval_in",
    "interval_out",
    "interval_pl_timestamptz",
    "json_agg",
    "json_agg_strict",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "json_object_agg_strict",
    "json_object_agg_unique",
    "json_object_agg_unique_strict",
    "json_populate_record",
    "json_populate_recordset",
    "json_to_record",
    "json_to_recordset",
    "json_to_tsvector",
    "jsonb_agg",
    "jsonb_agg_strict",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object_agg",
    "jsonb_object_agg_strict",
    "jsonb_object_agg_unique",
    "jsonb_object_agg_unique_strict",
    "jsonb_path_exists_tz",
    "jsonb_path_match_tz",
    "jsonb_path_query_array_tz",
    "jsonb_path_query_first_tz",
    "jsonb_path_query_tz",
    "jsonb_populate_record",
    "jsonb_populate_record_valid",
    "jsonb_populate_recordset",
    "jsonb_to_record",
    "jsonb_to_recordset",
    "jsonb_to_tsvector",
    "length",
    "make_timestamptz",
    "money",
    "multirange_in",
    "multirange_out",
    "now",
    "numeric",
    "obj_description",
    "overlaps",
    "pg_client_encoding",
    "pg_collation_for",
    "pg_column_size",
    "pg_typeof",
    "phraseto_tsquery",
    "plainto_tsquery",
    "quote_literal",
    "quote_nullable",
    "random",
    "random_normal",
    "range_in",
    "range_out",
    "record_in",
    "record_out",
    "regclassout",
    "regnamespaceout",
    "regprocedureout",
    "regprocout",
    "regroleout",
    "regtypeout",
    "row_to_json",
    "session_user",
    "statement_timestamp",
    "textanycat",
    "time",
    "time_in",
    "timeofday",
    "timestamp",
    "timestamp_cmp_timestamptz",
    "timestamp_eq_timestamptz",
    "timestamp_ge_timestamptz",
    "timestamp_gt_timestamptz",
    "timestamp_in",
    "timestamp_le_timestamptz",
    "timestamp_lt_timestamptz",
    "timestamp_ne_timestamptz",
    "timestamp_out",
    "timestamptz",
    "timestamptz_cmp_date",
    "timestamptz_cmp_timestamp",
    "timestamptz_eq_date",
    "timestamptz_eq_timestamp",
    "timestamptz_ge_date",
    "timestamptz_ge_timestamp",
    "timestamptz_gt_date",
    "timestamptz_gt_timestamp",
    "timestamptz_in",
    "timestamptz_le_date",
    "timestamptz_le_timestamp",
    "timestamptz_lt_date",
    "timestamptz_lt_timestamp",
    "timestamptz_mi_interval",
    "timestamptz_ne_date",
    "timestamptz_ne_timestamp",
    "timestamptz_out",
    "timestamptz_pl_interval",
    "timetz",
    "timetz_in",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "transaction_timestamp",
    "ts_headline",
    "ts_match_tq",
    "ts_match_tt",
    "uuidv4",
    "uuidv7",
    "version",
    "websearch_to_tsquery",
    "xml",
    "xml_in",
};

constexpr std::string_view kCatalogs[] = {
    "pg_description", "pg_enum", "pg_namespace", "pg_tables", "pg_timezone_abbrevs", "pg_timezone_names", "pg_type",
};

constexpr std::string_view kSettings[] = {
    "application_name", "bytea_output", "client_encoding", "client_min_messages", "datestyle", "extra_float_digits",
    "intervalstyle",    "search_path",  "timezone",
};

bool among(const std::string_view *first, const std::string_view *last, std::string_view name) {
    return std::binary_search(first, last, name);
}

bool computes(std::string_view name) {
    return among(std::begin(kComputing), std::end(kComputing), name);
}

static_assert(std::is_sorted(std::begin(kComputing), std::end(kComputing)));
static_assert(std::is_sorted(std::begin(kCatalogs), std::end(kCatalogs)));
static_assert(std::is_sorted(std::begin(kSettings), std::end(kSettings)));

// The setting taken apart, once for each text.
const std::vector<std::string> &listed_patterns() {
    static std::vector<std::string> patterns;
    static std::string parsed;
    const std::string_view text = listed_functions != nullptr ? listed_functions : "";
    if (text == parsed) return patterns;
    patterns.clear();
    for (size_t start = 0; (start = text.find_first_not_of(" ,", start)) != std::string_view::npos;) {
        const size_t end = std::min(text.find_first_of(" ,", start), text.size());
        patterns.emplace_back(text.substr(start, end - start));
        start = end;
    }
    parsed = text;
    return patterns;
}

char *name_of(Oid function) {
    char *const name = get_func_name(function);
    return name != nullptr ? quote_qualified_identifier(get_namespace_name(get_func_namespace(function)), name)
                           : nullptr;
}

} // namespace

bool harmless(Oid function) {
    // What was there before initdb ran its scripts: nobody else makes functions with such numbers.
    if (function >= FirstUnpinnedObjectId) return false;
    HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple)) return false;
    const auto *const procedure = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    const bool result = procedure->pronamespace == PG_CATALOG_NAMESPACE &&
                        (procedure->provolatile == PROVOLATILE_IMMUTABLE || computes(NameStr(procedure->proname)));
    ReleaseSysCache(tuple);
    return result;
}

bool listed(Oid function) {
    if (listed_functions == nullptr || *listed_functions == '\0') return false;
    return enter([&] {
        const char *const name = call(name_of, function);
        const std::vector<std::string> &patterns = listed_patterns();
        return name != nullptr && std::any_of(patterns.begin(), patterns.end(),
                                              [&](const std::string &pattern) { return matches(pattern, name); });
    });
}

bool harmless_catalog(Oid relation) {
    if (!exempt_table(relation)) return true;
    const Oid schema = get_rel_namespace(relation);
    if (schema != PG_CATALOG_NAMESPACE) {
        const char *const name = get_namespace_name(schema);
        return name != nullptr && strcmp(name, "information_schema") == 0;
    }
    const char *const name = get_rel_name(relation);
    return name != nullptr && among(std::begin(kCatalogs), std::end(kCatalogs), name);
}

bool harmless_setting(const char *name) {
    char *const lower = pstrdup(name);
    for (char *c = lower; *c != '\0'; ++c) *c = static_cast<char>(pg_tolower(static_cast<unsigned char>(*c)));
    const bool result = among(std::begin(kSettings), std::end(kSettings), lower);
    pfree(lower);
    return result;
}

} // namespace rlsproof::server::guard
