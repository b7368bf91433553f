import type { Rule, Scope, SourceCode } from 'eslint';

/** Any node of the syntax tree. */
type Node = NonNullable<Parameters<SourceCode['getText']>[0]>;

const SNAKE_CASE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
/** Where the facts stand among the arguments of `new MoldauError(reason, message, facts, options)`. */
const FACTS_ARGUMENT = 2;

/**
 * Facts of errors travel as ErrorInfo metadata, beside the fields of messages, so their keys are written as those are:
 * `topic_id`. Looks at the object given to `new MoldauError`, at variables given to it or spread into it, and at every
 * variable or property that is called facts.
 */
export const factKeys: Rule.RuleModule = {
  meta: { type: 'problem', schema: [], messages: { case: "The fact '{{key}}' goes on the wire: write it in snake_case." } },
  create(context) {
    const seen = new Set<Node>();
    const check = (node: Node | null | undefined, scope: Scope.Scope): void => {
      if (node === undefined || node === null || seen.has(node)) return;
      seen.add(node);
      if (node.type === 'Identifier') check(initialValue(node.name, scope), scope);
      if (node.type === 'ConditionalExpression') {
        check(node.consequent, scope);
        check(node.alternate, scope);
      }
      if (node.type !== 'ObjectExpression') return;
      for (const property of node.properties) {
        if (property.type === 'SpreadElement') check(property.argument, scope);
        else if (!property.computed) {
          const { key } = property;
          const name = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : '';
          if (name !== '' && !SNAKE_CASE.test(name)) context.report({ node: key, messageId: 'case', data: { key: name } });
        }
      }
    };
    return {
      NewExpression(node) {
        if (node.callee.type !== 'Identifier' || node.callee.name !== 'MoldauError') return;
        check(node.arguments[FACTS_ARGUMENT], context.sourceCode.getScope(node));
      },
      VariableDeclarator(node) {
        if (node.id.type === 'Identifier' && /^(facts|.*Facts)$/.test(node.id.name))
          check(bare(node.init), context.sourceCode.getScope(node));
      },
      Property(node) {
        if (node.key.type === 'Identifier' && node.key.name === 'facts') check(node.value, context.sourceCode.getScope(node));
      },
    };
  },
};

/** What a constant of this name was declared as; undefined when it is none, or comes from elsewhere. */
function initialValue(name: string, from: Scope.Scope): Node | undefined {
  for (let scope: Scope.Scope | null = from; scope !== null; scope = scope.upper) {
    const definition = scope.set.get(name)?.defs[0];
    if (definition === undefined) continue;
    const declared = definition.node as Node;
    return declared.type === 'VariableDeclarator' ? bare(declared.init) : undefined;
  }
  return undefined;
}

/** Without `as const` and the like. */
function bare(node: Node | null | undefined): Node | undefined {
  let inner = node ?? undefined;
  while (inner !== undefined && 'expression' in inner && /^TS/.test(inner.type)) inner = inner.expression as Node;
  return inner;
}
