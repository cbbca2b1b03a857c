#include "prove/question.hpp"

#include "server/question_facts.hpp"

#include <fmt/format.h>

#include "server/spi.hpp"
#include "server/subtransaction.hpp"

extern "C" {
#include "optimizer/optimizer.h"
}

namespace rlsproof::server {

namespace {

Node *check_tree(const char *tree) {
    auto *node = (Node *)stringToNode(tree);
    return contain_mutable_functions(node) ? nullptr : node;
}

} // namespace

void state_checks(Schema &schema, Translator &translator) {
    for (const CheckSource &source : schema.checks()) {
        auto *tree = call(check_tree, source.tree.c_str());
        if (tree == nullptr) continue;
        const expr::Row row = translator.fresh_row(schema.relation(source.table));
        const expr::Expr condition = translator.condition(tree, nullptr, 1, row);
        schema.tables()[(size_t)source.table].checks.push_back({source.name, row, condition, false});
    }
}

void complete(prove::Question &question, Schema &schema, const Translator &translator) {
    for (const Translator::Given &given : translator.givens())
        question.claims.push_back({given.name, given.condition, true});
    schema.read_references();
    question.tables = schema.tables();
    question.next_row = translator.next_row();
    for (const auto &[type, texts] : translator.coarse_literals()) {
        std::vector<std::pair<std::string, expr::Type>> list(texts.begin(), texts.end());
        const char *written = call(format_type_be_qualified, type);
        for (size_t i = 0; i < list.size(); i++)
            for (size_t k = i + 1; k < list.size(); k++) {
                bool equal = false;
                (void)attempt(Finish::rollback, [&] {
                    equal = query(fmt::format("select {}::{} = {}::{}", quote_literal(list[i].first), written,
                                              quote_literal(list[k].first), written))
                                .boolean(0, 0);
                });
                if (equal)
                    question.equal_literals.push_back(
                        {{list[i].second, list[i].first}, {list[k].second, list[k].first}});
            }
    }
}

} // namespace rlsproof::server
