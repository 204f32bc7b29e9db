using FlashRt.GraphRewriter;
using FlashRt.Validation;

namespace FlashRt.Onnx.Tests;

/// <summary>Calls that nobody should make end with an exception that says what was wrong, and never with the process.</summary>
[TestClass]
public sealed class MisuseTests
{
    [TestMethod]
    public void NullIsRefusedByName()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(4), TestModels.Cpu);
        using var tensor = DeviceTensor.Create<float>([4]);
        using BoundSession bound = session.Bind();
        Action[] calls =
        [
            () => FlashRtSession.Open((string)null!),
            () => FlashRtSession.Open((byte[])null!),
            () => session.Run((Dictionary<string, DeviceTensor>)null!),
            () => session.Run((Dictionary<string, OrtValue>)null!),
            () => session.Run(new Dictionary<string, DeviceTensor> { ["x"] = null! }),
            () => session.Run(new Dictionary<string, OrtValue> { ["x"] = null! }),
            () => session.Run(new Dictionary<string, OrtValue> { ["x"] = tensor.Value }, [null!]),
            () => session.Bind((BindOptions)null!),
            () => session.Bind(new BindOptions().UseInput("x", null!)),
            () => session.Bind(new BindOptions().UseOutput("y", null!)),
            () => session.Bind(new BindOptions().Shape(null!, 4)),
            () => session.Bind(new BindOptions().Dimension(null!, 4)),
            () => session.Bind(new BindOptions().InPlace(null!, "y")),
            () => session.Bind(new BindOptions().InPlace("x", null!)),
            () => session.Input(null!),
            () => session.Output(null!),
            () => bound.Input(null!),
            () => bound.Output(null!),
            () => tensor.CopyFrom((DeviceTensor)null!),
            () => FlashRtLibrary.Register(null!),
            () => _ = new DecodeLoop(null!),
            () => _ = new DenoiseLoop(null!, "x", "y"),
            () => Rewriter.Rewrite(null!, new()),
            () => Rewriter.Rewrite(new(new()), null!),
            () => Restorer.Restore(null!),
            () => Validator.Validate(null!, new(new()), new()),
            () => Validator.Validate(new(new()), null!, new()),
            () => Validator.Validate(new(new()), new(new()), null!),
        ];
        foreach (var (index, call) in calls.Index()) Assert.ThrowsExactly<ArgumentNullException>(call, $"call {index}");
        Assert.ThrowsExactly<ArgumentException>(() => FlashRtSession.Open(""));
    }

    [TestMethod]
    public void DisposedValuesAreRefused()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(4), TestModels.Cpu);
        OrtValue value = OrtValue.CreateTensorValueFromMemory(new float[4], [4]);
        value.Dispose();
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Run(new Dictionary<string, OrtValue> { ["x"] = value })), "input x");

        var tensor = DeviceTensor.Create<float>([4]);
        tensor.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.Run(new Dictionary<string, DeviceTensor> { ["x"] = tensor }));
        Assert.ThrowsExactly<ObjectDisposedException>(() => session.Bind(new BindOptions().UseInput("x", tensor)));

        BoundSession bound = session.Bind();
        bound.Dispose();
        bound.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(bound.Run);
        Assert.ThrowsExactly<ObjectDisposedException>(bound.Capture);
        Assert.ThrowsExactly<ObjectDisposedException>(() => bound.Time(1));
        Assert.ThrowsExactly<ObjectDisposedException>(() => bound.Input("x").CopyFrom(new float[4]));

        using var x = DeviceTensor.Create<float>([4]);
        FlashRtOutputs outputs = session.Run(new Dictionary<string, DeviceTensor> { ["x"] = x });
        outputs.Dispose();
        outputs.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => outputs["y"].ToArray<float>());
    }

    [TestMethod]
    public void ValuesOfAnotherTypeOrShapeAreRefused()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(4), TestModels.Cpu);
        using OrtValue integers = OrtValue.CreateTensorValueFromMemory(new int[4], [4]), five = OrtValue.CreateTensorValueFromMemory(new float[5], [5]);
        using OrtValue words = Words("a", "b", "c", "d");
        using OrtValue right = OrtValue.CreateTensorValueFromMemory(new float[4], [4]);
        Refused(integers, "x", "int32");
        Refused(five, "x", "5");
        Refused(words, "x", "string");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Run(new Dictionary<string, OrtValue> { ["x"] = right }, ["z"])), "no output 'z'");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Run(new Dictionary<string, OrtValue> { ["x"] = right }, [])), "one output");

        void Refused(OrtValue value, params string[] parts) =>
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Run(new Dictionary<string, OrtValue> { ["x"] = value })), parts);
    }

    [TestMethod]
    public void SizesThatNoMemoryHasAreRefused()
    {
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DeviceTensor.Create<float>([1L << 40, 1L << 40])), "too large");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DeviceTensor.Create<double>([1L << 61])), "too large");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DeviceTensor.Create<double>([1L << 58])), "no memory");
        using var tensor = DeviceTensor.Create<float>([4]);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => tensor.View([1L << 62, 2])), "too large");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => tensor.Slice(long.MaxValue, 1)), "not inside");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => tensor.Slice(0, long.MaxValue)), "not inside");
        using var session = FlashRtSession.Open(TestModels.Affine("n"), TestModels.Cpu);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Bind(("x", [1L << 62]))), "too large");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => session.Bind(("x", [-1]))), "[-1]");
    }

    [TestMethod]
    public void FilesThatAreNoModelsAreNamed()
    {
        var folder = Directory.CreateTempSubdirectory("flashrt-misuse-").FullName;
        try
        {
            string Write(string name, byte[] content)
            {
                var path = Path.Combine(folder, name);
                File.WriteAllBytes(path, content);
                return path;
            }
            byte[] model = TestModels.Affine(4);
            foreach (var path in new[] { Write("empty.onnx", []), Write("text.onnx", "no model"u8.ToArray()), Write("cut.onnx", model[..^7]), Write("zeros.onnx", new byte[64]) })
                AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(path, TestModels.Cpu)), path);
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(folder, TestModels.Cpu)), folder, "is a folder");
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open([], TestModels.Cpu)), "0 bytes in memory");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestMethod]
    public void TypesWithoutKernelsAreToldWithWhatToDo() => AssertMessage.Contains(
        Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(TestModels.Accumulate(DataType.Bfloat16), TestModels.Cpu)), "Add", "float32", "CUDA");

    [TestMethod]
    public void ModelsOfOtherThingsThanTensorsAreRefused()
    {
        using var strings = FlashRtSession.Open(TestModels.Identity(DataType.String, 2), TestModels.Cpu);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => strings.Bind()), "String");
        using OrtValue words = Words("a", "b");
        using OrtValue result = strings.Run(new Dictionary<string, OrtValue> { ["x"] = words }).Single();
        CollectionAssert.AreEqual(new[] { "a", "b" }, result.GetStringTensorAsArray());
    }

    [TestMethod]
    public void OutputsOnADeviceThatIsNotThereAreRefused()
    {
        using var session = FlashRtSession.Open(TestModels.Affine(4), TestModels.Cpu);
        using var x = DeviceTensor.Create<float>([4]);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(
            () => session.Run(new Dictionary<string, DeviceTensor> { ["x"] = x }, TensorDevice.Cuda(63))), "cuda:63", "cpu");
    }

    [TestMethod]
    public void OptionsWithoutDictionariesAreRefused()
    {
        byte[] model = TestModels.Affine(4);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(model, TestModels.Cpu with { SessionConfig = null! })), "SessionConfig");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(model, TestModels.Cpu with { ProviderOptions = null! })), "ProviderOptions");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(model, TestModels.Cpu with { SessionConfig = new Dictionary<string, string> { [""] = "" } })), "SessionConfig");
    }

    private static OrtValue Words(params string[] words) => OrtValue.CreateFromStringTensor(new DenseTensor<string>(words, [words.Length]));
}
