using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx.Native;

/// <summary>
/// The few functions of ONNX Runtime's C API that its managed API does not offer. OrtApi is a table of function pointers that only
/// grows at its end, so an index is part of the ABI; the indices below are positions in `struct OrtApi` of onnxruntime_c_api.h.
/// </summary>
internal static unsafe class OrtFunctions
{
    private const int GetErrorMessageIndex = 2, GetTensorMutableDataIndex = 51, ReleaseStatusIndex = 93;
    private const int GetEpGraphAssignmentIndex = 407, SubgraphEpNameIndex = 408, SubgraphNodesIndex = 409;
    private const int NodeNameIndex = 410, NodeDomainIndex = 411, NodeOperatorIndex = 412, ReleaseCapturedGraphIndex = 421;
    private const uint BaseVersion = 14, AssignmentVersion = 24, ReleaseGraphVersion = 27;

    private static readonly Lazy<nint> s_base = new(FindBase);

    /// <summary>OrtApiBase*, checked to belong to the library that the managed API uses.</summary>
    internal static nint Base => s_base.Value;

    /// <summary>Throws for a failed status (an OrtStatus*) and releases it.</summary>
    internal static void Check(nint status)
    {
        if (status == 0) return;
        void** table = Table(BaseVersion);
        string text = NativeMethods.Text(((delegate* unmanaged<nint, byte*>)table[GetErrorMessageIndex])(status));
        ((delegate* unmanaged<nint, void>)table[ReleaseStatusIndex])(status);
        throw new FlashRtException(text);
    }

    /// <summary>Address of a tensor's data, on whatever device it is.</summary>
    internal static nint TensorData(OrtValue value)
    {
        nint data;
        Check(((delegate* unmanaged<nint, nint*, nint>)Table(BaseVersion)[GetTensorMutableDataIndex])(ValueHandle(value), &data));
        GC.KeepAlive(value);
        return data;
    }

    /// <summary>
    /// Frees a captured graph. False where ONNX Runtime (before 1.27) or the provider cannot, and keeps the graph until the session ends.
    /// </summary>
    internal static bool TryReleaseCapturedGraph(InferenceSession session, int graphId)
    {
        void** table = TableOrNull(ReleaseGraphVersion);
        if (table is null) return false;
        nint status = ((delegate* unmanaged<nint, int, nint>)table[ReleaseCapturedGraphIndex])(SessionHandle(session), graphId);
        GC.KeepAlive(session);
        if (status != 0) ((delegate* unmanaged<nint, void>)table[ReleaseStatusIndex])(status);
        return status == 0;
    }

    /// <summary>
    /// Every node of the optimised graph with its provider; the session must have been opened with session.record_ep_graph_assignment_info = 1.
    /// </summary>
    internal static List<NodePlacement> Placement(InferenceSession session)
    {
        void** table = Table(AssignmentVersion);
        nint* subgraphs;
        nuint count;
        Check(((delegate* unmanaged<nint, nint**, nuint*, nint>)table[GetEpGraphAssignmentIndex])(SessionHandle(session), &subgraphs, &count));
        var placement = new List<NodePlacement>();
        for (nuint s = 0; s < count; s++)
        {
            string provider = Read(table[SubgraphEpNameIndex], subgraphs[s]);
            nint* nodes;
            nuint nodeCount;
            Check(((delegate* unmanaged<nint, nint**, nuint*, nint>)table[SubgraphNodesIndex])(subgraphs[s], &nodes, &nodeCount));
            for (nuint n = 0; n < nodeCount; n++)
                placement.Add(new(Read(table[NodeNameIndex], nodes[n]), Read(table[NodeDomainIndex], nodes[n]), Read(table[NodeOperatorIndex], nodes[n]), provider));
        }
        GC.KeepAlive(session);
        return placement;
    }

    private static string Read(void* getter, nint item)
    {
        byte* text;
        Check(((delegate* unmanaged<nint, byte**, nint>)getter)(item, &text));
        return NativeMethods.Text(text);
    }

    private static void** Table(uint version)
    {
        void** table = TableOrNull(version);
        return table is not null ? table : throw new FlashRtException($"This ONNX Runtime ({Version()}) lacks C API version {version}: "
            + $"upgrade it to 1.{version} or newer.");
    }

    // OrtApiBase is { const OrtApi* GetApi(uint32_t); const char* GetVersionString(); }
    private static void** TableOrNull(uint version) => (void**)((delegate* unmanaged<uint, nint>)((void**)Base)[0])(version);

    /// <summary>ONNX Runtime's version.</summary>
    /// <exception cref="FlashRtException">Its native library cannot be loaded.</exception>
    internal static string Version()
    {
        try
        {
            return OrtEnv.Instance().GetVersionString();
        }
        catch (TypeInitializationException error) when (error.GetBaseException() is DllNotFoundException or BadImageFormatException)
        {
            throw new FlashRtException("The native ONNX Runtime library could not be loaded. Put libonnxruntime.so into the application's runtimes/<rid>/native folder "
                + $"(the package Microsoft.ML.OnnxRuntime.Gpu.Linux does) or its folder on LD_LIBRARY_PATH. {error.GetBaseException().Message}", error);
        }
    }

    private static nint FindBase()
    {
        string expected = Version();
        nint apiBase = NativeMethods.OrtGetApiBase();
        string found = NativeMethods.Text(((delegate* unmanaged<byte*>)((void**)apiBase)[1])());
        return found == expected ? apiBase
            : throw new FlashRtException($"Two ONNX Runtime libraries were found: the managed API uses {expected}, the search for native libraries "
                + $"ends at {found}. Leave one of them on the search path.");
    }

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Handle")]
    private static extern nint SessionHandle(InferenceSession session);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Handle")]
    private static extern nint ValueHandle(OrtValue value);
}
