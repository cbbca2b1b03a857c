// rlsproof.coverage() and matrix(): how much of the matrix is declared, and on what evidence it stands.
#include "server/coverage.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "server/result.hpp"
#include "server/verify.hpp"
#include "server/world.hpp"

namespace rlsproof::server {

namespace {

// The worst of two codes counts where one place stands for several commands.
int weight(char code) {
    constexpr std::string_view kBestFirst = " -dpxV?KEOL";
    const size_t place = kBestFirst.find(code);
    return place == std::string_view::npos ? 0 : (int)place;
}

size_t column_of(Command command) {
    return std::min<size_t>((size_t)command, report::kCommands.size() - 1);
}

std::string kind_of(const World &world, const std::string &object) {
    if (const Relation *relation = world.relation(object)) return std::string(name(relation->kind));
    if (object.starts_with("rpc:")) return "function";
    if (object.starts_with("bucket:")) return "bucket";
    return "";
}

// No way in, and none was expected.
bool out_of_reach(const Cell &cell) {
    return cell.verdict == Verdict::ok && cell.expected == "none";
}

// Whether the statement gets as far as rows: a cell that privileges or policies close for good does not.
bool reachable(const Cell &cell) {
    const bool closed = out_of_reach(cell) || cell.verdict == Verdict::lockout;
    return !closed || cell.evidence == Evidence::execution;
}

// A command that the object does not know leaves a dot: a blank would be lost to the eye.
std::string visible(std::string codes) {
    std::replace(codes.begin(), codes.end(), ' ', '.');
    return codes;
}

struct Counts {
    long cells = 0, reachable = 0, declared = 0, proved = 0, executed = 0, vacuous = 0, unknown = 0, leaks = 0;
};

void count(Counts &counts, const Cell &cell) {
    counts.cells++;
    counts.reachable += reachable(cell);
    counts.declared += cell.declared;
    counts.proved += cell.evidence == Evidence::proof;
    counts.executed += cell.evidence == Evidence::execution;
    counts.vacuous += cell.verdict == Verdict::vacuous;
    counts.unknown += cell.verdict == Verdict::unknown || cell.verdict == Verdict::error;
    counts.leaks += cell.verdict == Verdict::leak || cell.verdict == Verdict::open;
}

} // namespace

char code_of(const Cell &cell) {
    switch (cell.verdict) {
    case Verdict::leak: return 'L';
    case Verdict::lockout: return 'K';
    case Verdict::open: return 'O';
    case Verdict::vacuous: return 'V';
    case Verdict::unknown: return '?';
    case Verdict::error: return 'E';
    case Verdict::ok: break;
    }
    if (out_of_reach(cell) && cell.evidence != Evidence::execution && cell.evidence != Evidence::proof) return '-';
    switch (cell.evidence) {
    case Evidence::proof: return 'p';
    case Evidence::execution: return 'x';
    default: return 'd';
    }
}

report::Matrix matrix_of(const World &world, const std::vector<Cell> &cells) {
    report::Matrix matrix;
    std::map<std::string, size_t> row_of, persona_of;
    for (const Persona &persona : world.personas) {
        if (std::none_of(cells.begin(), cells.end(), [&](const Cell &c) { return c.persona == persona.name; }))
            continue;
        persona_of.emplace(persona.name, matrix.personas.size());
        matrix.personas.push_back(persona.name);
    }
    for (const Cell &cell : cells) {
        const auto persona = persona_of.find(cell.persona);
        if (persona == persona_of.end()) continue;
        const auto [row, is_new] = row_of.emplace(cell.object, matrix.rows.size());
        if (is_new)
            matrix.rows.push_back(
                {cell.object, kind_of(world, cell.object),
                 std::vector<std::string>(matrix.personas.size(), std::string(report::kCommands.size(), ' '))});
        char &code = matrix.rows[row->second].cells[persona->second][column_of(cell.command)];
        if (weight(code_of(cell)) > weight(code)) code = code_of(cell);
    }
    return matrix;
}

extern "C" {
PG_FUNCTION_INFO_V1(rlsproof_coverage);
PG_FUNCTION_INFO_V1(rlsproof_matrix);

Datum rlsproof_coverage(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        const World world = read_world();
        const Verification verification = verify(world, {});
        std::vector<std::pair<std::string, std::string>> order;
        std::map<std::pair<std::string, std::string>, Counts> counts;
        for (const Cell &cell : verification.cells) {
            const auto [found, is_new] = counts.emplace(std::pair(cell.persona, cell.object), Counts{});
            if (is_new) order.push_back(found->first);
            count(found->second, cell);
        }
        std::vector<std::vector<Value>> rows;
        for (const auto &key : order) {
            const Counts &c = counts[key];
            std::vector<Value> row{key.first, key.second};
            for (const long number :
                 {c.cells, c.reachable, c.declared, c.proved, c.executed, c.vacuous, c.unknown, c.leaks})
                row.emplace_back(std::to_string(number));
            rows.push_back(std::move(row));
        }
        return_rows(fcinfo, rows);
        return 0;
    });
}

Datum rlsproof_matrix(PG_FUNCTION_ARGS) {
    return enter([&]() -> Datum {
        const World world = read_world();
        const report::Matrix matrix = matrix_of(world, verify(world, {}).cells);
        std::vector<std::vector<Value>> rows;
        for (const report::Matrix::Row &row : matrix.rows)
            for (size_t i = 0; i < matrix.personas.size(); i++)
                rows.push_back({row.object, row.kind, matrix.personas[i], visible(row.cells[i])});
        return_rows(fcinfo, rows);
        return 0;
    });
}
}

} // namespace rlsproof::server
