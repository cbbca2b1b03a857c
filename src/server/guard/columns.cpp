#include "server/guard/columns.hpp"

extern "C" {
#include "commands/dbcommands.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
}

namespace rlsproof::server::guard {

void Columns::add(Datum value, bool null) {
    if (count_ == kMost) elog(ERROR, "a row has more columns than it may");
    values_[count_] = value;
    nulls_[count_++] = null;
}

void Columns::text(const char *value) {
    add(value != nullptr ? CStringGetTextDatum(value) : Datum{0}, value == nullptr);
}

void Columns::integer(int64 value) {
    add(Int64GetDatum(value), false);
}

void Columns::small(int32 value) {
    add(Int32GetDatum(value), false);
}

void Columns::number(double value, bool known) {
    add(Float8GetDatum(value), !known);
}

void Columns::time(TimestampTz value) {
    add(TimestampTzGetDatum(value), false);
}

void Columns::fingerprint(uint64 value, bool known) {
    text(known ? psprintf("%016llx", static_cast<unsigned long long>(value)) : nullptr);
}

void Columns::identifier(uint64 value, bool known) {
    add(Int64GetDatum(static_cast<int64>(value)), !known);
}

void Columns::shared_text(const char *value, int encoding, bool readable) {
    text(readable && *value != '\0' ? text_here(value, encoding) : nullptr);
}

void Columns::statement(const char *value, int encoding, bool readable) {
    if (readable)
        shared_text(value, encoding, true);
    else
        text("<insufficient privilege>");
}

void Columns::role(Oid role) {
    text(GetUserNameFromId(role, true));
}

void Columns::database(Oid database) {
    text(get_database_name(database));
}

void Columns::put(ReturnSetInfo *result) {
    if (count_ != result->setDesc->natts)
        elog(ERROR, "a row has %d columns instead of %d", count_, result->setDesc->natts);
    tuplestore_putvalues(result->setResult, result->setDesc, values_, nulls_);
}

RowMemory::RowMemory()
    : rows_(AllocSetContextCreate(CurrentMemoryContext, "rlsproof rows", ALLOCSET_DEFAULT_SIZES)),
      before_(MemoryContextSwitchTo(rows_)) {}

void RowMemory::next() {
    CHECK_FOR_INTERRUPTS();
    MemoryContextReset(rows_);
}

void RowMemory::end() {
    MemoryContextSwitchTo(before_);
    MemoryContextDelete(rows_);
}

} // namespace rlsproof::server::guard
