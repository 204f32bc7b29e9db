using FlashRt.GraphRewriter;

namespace FlashRt.Benches;

/// <summary>A model that applies a link several times, so that the time of one link is a difference of two models' times.</summary>
internal sealed class Chain(DataType type, int opset, long width)
{
    private readonly GraphBuilder _builder = new(opset);
    private readonly Random _random = new(7);
    private readonly Dictionary<string, string> _constants = [];

    public GraphBuilder Graph => _builder;

    public DataType Type => type;

    /// <summary>The channels of the first input.</summary>
    public long Width => width;

    /// <summary>Builds the model: inputs named x0, x1, ... of the shapes given.</summary>
    public static OnnxModel Build(OpCase op, Link link, int links, DataType type)
    {
        var chain = new Chain(type, op.Opset, op.Inputs[0][^1]);
        chain._builder.Import("com.flashrt", 1).Import("com.microsoft", 1);
        string[] values = [.. op.Inputs.Select((shape, i) => chain._builder.Input($"x{i}", type, [.. shape.Select(d => (object)d)]))];
        for (int i = 0; i < links; i++) values = link(chain, values);
        for (int i = 0; i < values.Length; i++)
        {
            // An input that a link only passes on would make the graph output an input.
            string output = chain._builder.Op("Identity", values[i]);
            chain._builder.Output(output, type, [.. op.Inputs[i].Select(d => (object)d)]);
        }
        return chain._builder.Build();
    }

    /// <summary>A tensor of random numbers around a mean, made once for each name.</summary>
    public string Random(string name, double mean, double deviation, params long[] dims)
    {
        if (_constants.TryGetValue(name, out string? known)) return known;
        long count = dims.Aggregate(1L, (a, b) => a * b);
        var numbers = new double[count];
        for (long i = 0; i < count; i++) numbers[i] = mean + deviation * (_random.NextDouble() + _random.NextDouble() + _random.NextDouble() - 1.5) * 2;
        return _constants[name] = _builder.Initializer(name, type, dims, numbers);
    }

    /// <summary>A number, in the chain's type or another.</summary>
    public string Scalar(string name, double value, DataType? of = null) =>
        _constants.TryGetValue(name, out string? known) ? known : _constants[name] = _builder.Scalar(name, of ?? type, value);

    /// <summary>A vector of one integer of a type.</summary>
    public string Typed(string name, DataType of, long value) =>
        _constants.TryGetValue(name, out string? known) ? known : _constants[name] = _builder.Initializer(name, of, [1], value);

    /// <summary>A matrix from a formula.</summary>
    public string Numbers(string name, Func<long, long, double> at, long rows, long columns)
    {
        if (_constants.TryGetValue(name, out string? known)) return known;
        var numbers = new double[rows * columns];
        for (long i = 0; i < numbers.Length; i++) numbers[i] = at(i / columns, i % columns);
        return _constants[name] = _builder.Initializer(name, type, [rows, columns], numbers);
    }

    /// <summary>A vector of integers.</summary>
    public string Integers(string name, params long[] values) =>
        _constants.TryGetValue(name, out string? known) ? known : _constants[name] = _builder.Integers(name, values);

    public string Op(string op, params string[] inputs) => _builder.Op(op, inputs);

    public string Op(string op, string[] inputs, params (string, object)[] attributes) => _builder.Node(op, inputs, attributes)[0];

    public string[] Ops(string op, string[] inputs, int outputs, params (string, object)[] attributes)
    {
        // GraphBuilder makes one name for a node; the others follow from it.
        string[] names = [.. Enumerable.Range(0, outputs).Select(i => $"{op.Split("::")[^1].ToLowerInvariant()}_{_next}_{i}")];
        _next++;
        return [.. _builder.Node(op, inputs, attributes, names)];
    }

    private int _next;
}
