#include "server/result.hpp"

#include "server/scratch.hpp"

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

void put_all(FunctionCallInfo info, size_t count, const RowSource &row) {
    AttInMetadata *const types = call(metadata, info);
    std::vector<char *> values;
    for (size_t i = 0; i < count; i++) {
        const Scratch scratch; // what the types' input functions leave
        const std::vector<Value> texts = row(i);
        values.clear();
        for (const Value &value : texts) values.push_back(value ? const_cast<char *>(value->c_str()) : nullptr);
        call(put, info, types, values.data());
    }
}

} // namespace

void return_rows(FunctionCallInfo info, size_t count, const RowSource &row) {
    call(start, info, (bits32)0);
    put_all(info, count, row);
}

void return_rows(FunctionCallInfo info, const std::vector<std::vector<Value>> &rows) {
    return_rows(info, rows.size(), [&](size_t i) { return rows[i]; });
}

void return_lines(FunctionCallInfo info, const std::vector<std::string> &lines) {
    // One column is a type of its own and no row type, so the server's idea of the result is taken.
    call(start, info, (bits32)MAT_SRF_USE_EXPECTED_DESC);
    put_all(info, lines.size(), [&](size_t i) { return std::vector<Value>{Value(lines[i])}; });
}

const char *text_argument(FunctionCallInfo info, int number) {
    return info->args[number].isnull ? nullptr : text_to_cstring(DatumGetTextPP(info->args[number].value));
}

Datum text_result(const std::string &text) {
    return PointerGetDatum(call(cstring_to_text_with_len, text.data(), (int)text.size()));
}

} // namespace rlsproof::server
