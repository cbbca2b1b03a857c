#include "server/result.hpp"

extern "C" {
#include "funcapi.h"
#include "utils/tuplestore.h"
}

namespace rlsproof::server {

namespace {

void start(FunctionCallInfo info, bits32 flags) {
    InitMaterializedSRF(info, flags);
}

AttInMetadata *metadata(FunctionCallInfo info) {
    return TupleDescGetAttInMetadata(((ReturnSetInfo *)info->resultinfo)->setDesc);
}

void put(FunctionCallInfo info, AttInMetadata *metadata, char **values) {
    HeapTuple tuple = BuildTupleFromCStrings(metadata, values);
    tuplestore_puttuple(((ReturnSetInfo *)info->resultinfo)->setResult, tuple);
    heap_freetuple(tuple);
}

void put_all(FunctionCallInfo info, const std::vector<std::vector<Value>> &rows) {
    AttInMetadata *const types = call(metadata, info);
    std::vector<char *> values;
    for (const std::vector<Value> &row : rows) {
        values.clear();
        for (const Value &value : row) values.push_back(value ? const_cast<char *>(value->c_str()) : nullptr);
        call(put, info, types, values.data());
    }
}

} // namespace

void return_rows(FunctionCallInfo info, const std::vector<std::vector<Value>> &rows) {
    call(start, info, (bits32)0);
    put_all(info, rows);
}

void return_lines(FunctionCallInfo info, const std::vector<std::string> &lines) {
    std::vector<std::vector<Value>> rows;
    rows.reserve(lines.size());
    for (const std::string &line : lines) rows.push_back({Value(line)});
    // One column is a type of its own and no row type, so the server's idea of the result is taken.
    call(start, info, (bits32)MAT_SRF_USE_EXPECTED_DESC);
    put_all(info, rows);
}

const char *text_argument(FunctionCallInfo info, int number) {
    return info->args[number].isnull ? nullptr : text_to_cstring(DatumGetTextPP(info->args[number].value));
}

Datum text_result(const std::string &text) {
    return PointerGetDatum(call(cstring_to_text_with_len, text.data(), (int)text.size()));
}

} // namespace rlsproof::server
