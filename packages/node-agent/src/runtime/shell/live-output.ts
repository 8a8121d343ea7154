/**
 * Makes a script print while it runs: the interpreter hands output over only when a whole script has ended.
 *
 * Every command of the script's main flow is redirected to the output devices, its own redirections coming after. What
 * is captured (substitutions, all but the last command of a pipe) is left alone. Loops, conditions, groups and the
 * functions called from the main flow are gone into, so that a loop for ever prints as it goes; a function gets a second
 * form for that, since it may also be called to capture its output.
 */
import type {
  CommandNode,
  PipelineNode,
  ScriptNode,
  SimpleCommandNode,
  StatementNode,
  TransformPlugin,
  WordNode,
} from 'just-bash';
import { OUTPUT_DEVICE } from './shell-file-system.ts';

type FunctionNode = Extract<CommandNode, { type: 'FunctionDef' }>;
type CompoundNode = Exclude<CommandNode, SimpleCommandNode | FunctionNode>;
type Redirection = SimpleCommandNode['redirections'][number];

/** Commands whose redirections would outlive them. */
const UNTOUCHED: ReadonlySet<string> = new Set(['exec']);

const LIVE_PREFIX = '__live_';

export const liveOutput: TransformPlugin = {
  name: 'live-output',
  transform: ({ ast }) => ({ ast: new LiveOutput(ast).script() }),
};

class LiveOutput {
  readonly #functions: ReadonlySet<string>;

  constructor(private readonly ast: ScriptNode) {
    this.#functions = functionNames(ast);
  }

  script(): ScriptNode {
    return { ...this.ast, statements: this.#statements(this.ast.statements) };
  }

  #statements(statements: readonly StatementNode[]): StatementNode[] {
    return statements.flatMap((statement) => [...this.#liveFunctions(statement), this.#statement(statement)]);
  }

  #statement(statement: StatementNode): StatementNode {
    return { ...statement, pipelines: statement.pipelines.map((pipeline) => this.#pipeline(pipeline)) };
  }

  #pipeline(pipeline: PipelineNode): PipelineNode {
    const [only] = pipeline.commands;
    if (pipeline.commands.length === 1 && only !== undefined) return { ...pipeline, commands: [this.#command(only)] };
    const last = pipeline.commands.length - 1;
    const commands = pipeline.commands.map((command, i) =>
      redirected(command, i === last ? [STDOUT, STDERR] : [STDERR]),
    );
    return { ...pipeline, commands };
  }

  #command(command: CommandNode): CommandNode {
    if (command.type === 'FunctionDef') return command;
    if (command.type === 'SimpleCommand') return this.#simple(command);
    return command.redirections.length > 0 ? redirected(command, [STDOUT, STDERR]) : this.#inside(command);
  }

  #simple(command: SimpleCommandNode): SimpleCommandNode {
    const name = literal(command.name);
    if (command.name === null || (name !== undefined && UNTOUCHED.has(name))) return command;
    if (name !== undefined && this.#functions.has(name) && command.redirections.length === 0) {
      return { ...command, name: { type: 'Word', parts: [{ type: 'Literal', value: LIVE_PREFIX + name }] } };
    }
    return { ...command, redirections: [STDOUT, STDERR, ...command.redirections] };
  }

  #inside(command: CompoundNode): CompoundNode {
    switch (command.type) {
      case 'If':
        return {
          ...command,
          clauses: command.clauses.map(({ condition, body }) => ({
            condition: this.#statements(condition),
            body: this.#statements(body),
          })),
          elseBody: command.elseBody && this.#statements(command.elseBody),
        };
      case 'While':
      case 'Until':
        return { ...command, condition: this.#statements(command.condition), body: this.#statements(command.body) };
      case 'For':
      case 'CStyleFor':
      case 'Subshell':
      case 'Group':
        return { ...command, body: this.#statements(command.body) };
      case 'Case':
        return { ...command, items: command.items.map((item) => ({ ...item, body: this.#statements(item.body) })) };
      default:
        return command;
    }
  }

  /** The second forms of functions that a statement defines. */
  #liveFunctions(statement: StatementNode): StatementNode[] {
    return statement.pipelines.flatMap(({ commands }) =>
      commands.flatMap((command) => {
        if (command.type !== 'FunctionDef') return [];
        const body = command.redirections.length > 0 ? command.body : this.#inside(command.body);
        return [statementOf({ ...command, name: LIVE_PREFIX + command.name, body })];
      }),
    );
  }
}

function redirection(fd: number, path: string): Redirection {
  return {
    type: 'Redirection',
    fd,
    operator: '>',
    target: { type: 'Word', parts: [{ type: 'Literal', value: path }] },
  };
}

const STDOUT = redirection(1, OUTPUT_DEVICE.stdout);
const STDERR = redirection(2, OUTPUT_DEVICE.stderr);

function redirected<T extends CommandNode>(command: T, more: readonly Redirection[]): T {
  return { ...command, redirections: [...more, ...command.redirections] };
}

function statementOf(command: CommandNode): StatementNode {
  return {
    type: 'Statement',
    pipelines: [{ type: 'Pipeline', commands: [command], negated: false }],
    operators: [],
    background: false,
  };
}

function literal(word: WordNode | null): string | undefined {
  const [part] = word?.parts ?? [];
  return word?.parts.length === 1 && part?.type === 'Literal' ? part.value : undefined;
}

/** Every function that is defined anywhere in the script. */
function functionNames(value: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) functionNames(item, names);
  else if (typeof value === 'object' && value !== null) {
    if ('type' in value && value.type === 'FunctionDef' && 'name' in value) names.add(String(value.name));
    for (const child of Object.values(value)) functionNames(child, names);
  }
  return names;
}
