using System.Runtime.InteropServices;
using static FlashRt.CustomOps.Tests.Functions.NativeFunctions;

namespace FlashRt.CustomOps.Tests.Functions;

/// <summary>The rows of the seed catalog that are C functions instead of graph nodes: C01..C06, T07, J01, J02.</summary>
[TestClass]
public sealed unsafe class FunctionTests
{
    public static IEnumerable<object[]> Devices => [[OpProvider.Cpu], [OpProvider.Cuda]];

    [TestMethod]
    public void EveryFunctionIsExported()
    {
        var library = NativeLibrary.Load(LibraryPath);
        foreach (var function in OpCatalog.Functions)
            Assert.IsTrue(NativeLibrary.TryGetExport(library, function.Name, out _), function.Name);
    }

    /// <summary>J01: bytes of the static quantiser.</summary>
    [TestMethod, DynamicData(nameof(Devices))]
    public void QuantizesToBytes(OpProvider provider)
    {
        Cuda.RequireFor(provider);
        double[] values = [0, -0.0, 1, -1, 448, 1e6, 17, 19, 0.013, double.NaN, -3.7];
        foreach (var type in new[] { ElementType.BFloat16, ElementType.Float16, ElementType.Float32 })
        {
            OpTensor x = new OpTensor(type, [values.Length], values).As(type), scale = new(ElementType.Float32, [1], [0.5]);
            var codes = Call(provider, [x, scale, new OpTensor(ElementType.Uint8, x.Shape, new double[x.Count])],
                (device, t) => flashrt_quantize_fp8_static_bytes(device, t[0], t[1], t[2], 0));
            CollectionAssert.AreEqual(x.Values.Select(v => Float8.Encode(Float8.Scaled(v, 0.5))).ToArray(), codes, type.ToString());
        }
    }

    /// <summary>J02: the FP8 product of byte tensors.</summary>
    [TestMethod, DynamicData(nameof(Devices))]
    public void MultipliesBytes(OpProvider provider)
    {
        Cuda.RequireFor(provider);
        var random = new Random(3);
        OpTensor Codes(params long[] shape) => new(ElementType.Float8E4M3, shape,
            [.. Enumerable.Range(0, (int)OpTensor.CountOf(shape)).Select(_ => Rounding.To(ElementType.Float8E4M3, (random.NextDouble() - 0.5) * 100))]);
        foreach (var transposed in new[] { false, true })
        {
            OpTensor a = Codes(2, 3, 48), b = transposed ? Codes(32, 48) : Codes(48, 32);
            OpTensor aScale = new(ElementType.Float32, [1], [0.0125f]), bScale = new(ElementType.Float32, [1], [0.002f]);
            var signature = new OpSignature(OpCatalog.Get("Fp8Gemm"), ElementType.BFloat16, ["A", "B", "a_scale", "b_scale"], ["D"],
                new Dictionary<string, object> { ["output_dtype"] = "bfloat16", ["transB"] = transposed ? 1L : 0L });
            var expected = OpReferences.Compute(new OpCall(signature, new Dictionary<string, OpTensor> { ["A"] = a, ["B"] = b, ["a_scale"] = aScale, ["b_scale"] = bScale }))[0];

            var d = Call(provider, [Bytes(a), Bytes(b), aScale, bScale, new OpTensor(ElementType.BFloat16, [2, 3, 32], new double[192])],
                (device, t) => flashrt_fp8_gemm_bytes_bf16(device, t[0], t[1], t[2], t[3], t[4], transposed ? 1 : 0, 0));
            var check = OutputCheck.Of(expected, OpTensorBytes.Decode(ElementType.BFloat16, [2, 3, 32], d));
            Assert.IsTrue(check.Passed, check.Failure);
        }
    }

    [TestMethod]
    public void RefusesAScaleOfTwo()
    {
        OpTensor x = new(ElementType.Float32, [4], [1, 2, 3, 4]), scale = new(ElementType.Float32, [2], [1, 1]), y = new(ElementType.Uint8, [4], new double[4]);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Call(OpProvider.Cpu, [x, scale, y],
            (device, t) => flashrt_quantize_fp8_static_bytes(device, t[0], t[1], t[2], 0)));
        StringAssert.Contains(error.Message, "scale");
        StringAssert.Contains(error.Message, "[2]");
    }

    [TestMethod]
    public void RefusesInnerSizesThatDiffer()
    {
        OpTensor x = new(ElementType.Uint8, [2, 8], new double[16]), w = new(ElementType.Uint8, [4, 4], new double[16]), one = new(ElementType.Float32, [1], [1]);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Call(OpProvider.Cpu, [x, w, one, one, new OpTensor(ElementType.BFloat16, [2, 4], new double[8])],
            (device, t) => flashrt_fp8_gemm_bytes_bf16(device, t[0], t[1], t[2], t[3], t[4], 0, 0)));
        StringAssert.Contains(error.Message, "w");
        StringAssert.Contains(error.Message, "[4, 4]");
    }

    [TestMethod]
    public void RefusesAResultOfOtherRows()
    {
        const long Many = 1L << 32;  // 2^32 rows of 2^32 columns are 2^64 elements, which 64 bits take for none
        OpTensor x = new(ElementType.Uint8, [Many, 0], []), w = new(ElementType.Uint8, [0, Many], []), one = new(ElementType.Float32, [1], [1]);
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Call(OpProvider.Cpu, [x, w, one, one, new OpTensor(ElementType.BFloat16, [0, Many], [])],
            (device, t) => flashrt_fp8_gemm_bytes_bf16(device, t[0], t[1], t[2], t[3], t[4], 0, 0)));
        StringAssert.Contains(error.Message, "d must have");
        StringAssert.Contains(error.Message, "[0, 4294967296]");
    }

    /// <summary>C04 to C06 and T07: what can be used follows from build and device.</summary>
    [TestMethod]
    public void CapabilitiesFollowFromBuildAndDevice()
    {
        var c = FlashRtDevice.Capabilities;
        Assert.AreEqual(c.DeviceCount, FlashRtDevice.Count);
        if (!c.BuiltWithCuda || c.DeviceCount == 0)
        {
            Assert.IsFalse(c.HasFmha, "fused attention needs a device");
            Assert.IsFalse(c.HasNvfp4, "NVFP4 tensor cores need a device");
            return;
        }
        Assert.IsTrue(c.HasFmha);
        Assert.IsTrue(!c.HasNvfp4 || FlashRtDevice.Get(0).ComputeCapability.Major >= 10, "NVFP4 tensor cores came with compute capability 10");
    }

    /// <summary>C01 and C03: the device and its compute capability.</summary>
    [TestMethod]
    public void DevicesTellTheirComputeCapability()
    {
        Cuda.Require();
        foreach (var device in FlashRtDevice.All)
        {
            Assert.IsGreaterThanOrEqualTo(8, device.ComputeCapability.Major);
            Assert.IsTrue(device.KernelsIncluded, $"{device.Name} has no kernels in this build");
        }
    }

    [TestMethod]
    public void ADeviceThatIsNotThereIsAnError() =>
        StringAssert.Contains(Assert.ThrowsExactly<FlashRtException>(() => FlashRtDevice.Get(99)).Message, "flashrt_get_device");

    /// <summary>C02: the matrix products of a device.</summary>
    [TestMethod]
    public void MatrixProductsTellWhatTheyCached()
    {
        Cuda.Require();
        GemmInfo info;
        Assert.AreEqual(0, flashrt_gemm_stats(0, &info), LastError);
        Assert.IsGreaterThanOrEqualTo(0, info.CachedShapes);
    }

    private delegate int Function(int device, Tensor*[] tensors);

    // Puts the operands where the backend wants them, calls, and gives the bytes of the last one.
    private static byte[] Call(OpProvider provider, OpTensor[] operands, Function function)
    {
        var buffers = operands.Select(o => new NativeBuffer(OpTensorBytes.Encode(o), provider)).ToArray();
        try
        {
            var tensors = new Tensor*[operands.Length];
            var storage = stackalloc Tensor[operands.Length];
            var shapes = stackalloc long[operands.Length * 4];
            for (var i = 0; i < operands.Length; i++)
            {
                tensors[i] = storage + i;
                operands[i].Shape.CopyTo(new Span<long>(shapes + 4 * i, 4));
                storage[i] = new Tensor { Data = buffers[i].Data, Shape = shapes + 4 * i, Rank = operands[i].Shape.Length, Type = (int)operands[i].Type };
            }
            if (function(provider == OpProvider.Cuda ? 0 : Cpu, tensors) != 0)
                throw new InvalidOperationException(LastError);
            return buffers[^1].Read();
        }
        finally
        {
            foreach (var buffer in buffers)
                buffer.Dispose();
        }
    }

    private static OpTensor Bytes(OpTensor codes) => new(ElementType.Uint8, codes.Shape, [.. codes.Values.Select(v => (double)Float8.Encode(v))]);
}
