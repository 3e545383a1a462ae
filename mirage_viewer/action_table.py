"""The table of actions: one row each."""

from __future__ import annotations

from mirage_viewer.actions import Action, ActionRegistry, Menu, When

_FILE, _EDIT, _SCAN = Menu.FILE, Menu.EDIT, Menu.SCAN
_CORRECT, _VIEW, _HELP = Menu.CORRECT, Menu.VIEW, Menu.HELP
_GRADERS = Menu.GRADERS
IMAGINE_MENU = "Imagine from other images"
MASKS_MENU = "Masks as wholes"
POINTER_MENU = "Pointer by keys"
LABELS_MENU = "Labels"

# One row an action: spread over lines by the formatter it could not be read as a table.
# fmt: off
_FILE_ACTIONS = (
    Action("file.open", "Open scan…", "Open a scan file: .vol, TIFF, NPY, NPZ, HDF5 or an image.",
           "open_file", ("Ctrl+O",), _FILE, 0, "open", toolbar="Open", keywords="load import vol"),
    Action("file.open_folder", "Open folder of images…", "Open a folder whose images are the "
           "B-scans of one scan.", "open_folder", ("Ctrl+Shift+O",), _FILE, 0, "open"),
    Action("file.demo", "Open built-in eye", "Open a simulated macular volume to try everything.",
           "open_demo", ("Ctrl+D",), _FILE, 0, "eye", keywords="demo example sample simulated"),
    Action("file.worklist", "Worklist", "All scans of the project: find, tag and open them.",
           "show_worklist", ("Ctrl+Shift+W",), _FILE, 0, "table", checkable=True,
           toolbar="Worklist", keywords="list table scans patients search filter tags notes"),
    Action("file.project", "Open or create project…", "Choose the project folder that scans and "
           "corrections are kept in.", "open_project", ("Ctrl+Shift+J",), _FILE, 1, "project",
           keywords="new folder study"),
    Action("file.project_default", "Back to my default project", "Keep scans and corrections in "
           "the default project of this user.", "default_project",
           ("Ctrl+Shift+D",), _FILE, 1),
    Action("file.import_folder", "Import folder into the project…", "Bring every scan under a "
           "folder into the project.", "import_folder", ("Ctrl+Shift+F",), _FILE, 1, "drop",
           keywords="batch many add load duplicates"),
    Action("file.retry", "Retry saving", "Write the edits that could not be saved.",
           "retry_saving", ("Ctrl+S",), _FILE, 2, "check", When.UNSAVED, keywords="save"),
    Action("file.save_copy", "Save a copy of this scan's work…", "Write this scan with all its "
           "edits into another project folder.", "save_copy", ("Ctrl+Shift+S",), _FILE, 2,
           when=When.EDITABLE, keywords="backup"),
    Action("file.export", "Export…", "Write masks and surfaces for training or analysis.",
           "show_export", ("Ctrl+E",), _FILE, 2, "export", When.SCAN, toolbar="Export",
           keywords="save nifti hdf5 csv png mirage training masks"),
    Action("file.close", "Close scan", "Close the scan; everything is already saved.",
           "close_scan", ("Ctrl+W",), _FILE, 3, "close", When.SCAN),
    Action("file.quit", "Quit", "Close the window.", "quit", ("Ctrl+Q",), _FILE, 3),
)

_EDIT_ACTIONS = (
    Action("edit.undo", "Undo", "Take the last change back and go to its B-scan.", "undo",
           ("Ctrl+Z",), _EDIT, 0, "undo", When.UNDO, toolbar="Undo"),
    Action("edit.redo", "Redo", "Bring the last undone change back and go to its B-scan.", "redo",
           ("Ctrl+Shift+Z", "Ctrl+Y"), _EDIT, 0, "redo", When.REDO, toolbar="Redo"),
    Action("edit.approve", "Approve B-scan and go on", "Approve this B-scan as it is and step to "
           "the next.", "approve", ("Ctrl+Return", "Ctrl+Enter"), _EDIT, 1, "approve",
           When.EDITABLE, toolbar="Approve", keywords="accept confirm state"),
    Action("edit.approve_all", "Approve all segmented B-scans", "Approve every B-scan that is "
           "segmented or corrected.", "approve_all",
           ("Ctrl+Shift+Return", "Ctrl+Shift+Enter"), _EDIT, 1, when=When.EDITABLE),
    Action("edit.unapprove", "Withdraw approval", "Set this B-scan back to edited.", "unapprove",
           ("Ctrl+Backspace",), _EDIT, 1, when=When.EDITABLE),
    Action("edit.approve_surface", "Approve the chosen surface", "Approve only the chosen surface "
           "on this B-scan.", "approve_structure", ("Shift+Return", "Shift+Enter"), _EDIT, 1,
           when=When.EDITABLE, argument="surface", keywords="single structure layer state"),
    Action("edit.approve_masks", "Approve the masks", "Approve only the masks on this B-scan; "
           "without any that says: no fluid here.", "approve_structure",
           ("Alt+Return", "Alt+Enter"), _EDIT, 1, when=When.EDITABLE, argument="masks",
           keywords="single structure fluid lesions state"),
    Action("edit.grader", "Grader name…", "The name that is kept with every edit.", "set_grader",
           ("Ctrl+G",), _EDIT, 2, keywords="author user"),
    Action("edit.history", "Show history", "The list of all changes to this scan.",
           "show_history", ("Ctrl+H",), _EDIT, 2, "history", When.SCAN),
)

_SCAN_ACTIONS = (
    Action("scan.segment", "Segment volume", "Find all layers and fluid on every B-scan.",
           "segment_volume", ("Ctrl+R",), _SCAN, 0, "segment", When.READY, toolbar="Segment",
           keywords="run engine graph model predict"),
    Action("scan.segment_one", "Segment this B-scan", "Find layers and fluid on this B-scan only.",
           "segment_b_scan", ("Ctrl+Shift+R",), _SCAN, 0, "segment_one", When.READY,
           keywords="run engine predict"),
    Action("scan.teach", "Teach…", "Teach a model from your corrections, and see before and "
           "after.", "show_teach", ("Ctrl+Shift+T",), _SCAN, 0, "teach", toolbar="Teach",
           keywords="train fine-tune few-shot learn corrections model"),
    Action("scan.cancel", "Cancel run", "Stop the engine at work; nothing of its run stays.",
           "cancel_run", ("Ctrl+.",), _SCAN, 0, "stop", When.RUNNING,
           keywords="stop abort segmentation"),
    Action("scan.previous", "Previous B-scan", "Step one B-scan back.", "previous_b_scan",
           ("Up", "Left", "PgUp"), _SCAN, 1, "previous", When.SCAN),
    Action("scan.next", "Next B-scan", "Step one B-scan on.", "next_b_scan",
           ("Down", "Right", "PgDown"), _SCAN, 1, "next", When.SCAN),
    Action("scan.first", "First B-scan", "Go to the first B-scan.", "first_b_scan", ("Home",),
           _SCAN, 1, when=When.SCAN),
    Action("scan.last", "Last B-scan", "Go to the last B-scan.", "last_b_scan", ("End",), _SCAN,
           1, when=When.SCAN),
    Action("scan.next_open", "Next B-scan to approve", "Go to the next B-scan that is not "
           "approved.", "next_open", ("Ctrl+N",), _SCAN, 1, when=When.SCAN),
    Action("scan.next_in_queue", "Next B-scan to look at", "Evenly spaced B-scans first, then "
           "those the engine was unsure of or that contradict themselves.", "next_to_look_at",
           ("Q",), _SCAN, 1, when=When.SCAN, keywords="queue uncertain unsure doubt confidence"),
    Action("scan.spacing", "Set spacing…", "Enter the spacing in mm that figures in µm need.",
           "set_spacing", ("Ctrl+M",), _SCAN, 2, "ruler", When.SCAN,
           keywords="scale calibration mm um"),
    Action("imagine.layers", "Layer map from this B-scan", "Let a model imagine the map of layers, "
           "to look at over the B-scan.", "imagine", ("Ctrl+I",), _SCAN, 3, "layers",
           When.IMAGINE_LAYERS, argument="layers", submenu=IMAGINE_MENU, keywords="reconstruct"),
    Action("imagine.b_scan", "B-scan from the SLO image", "Let a model imagine the B-scan from the "
           "SLO image, to look at over the B-scan.", "imagine", ("Ctrl+Alt+I",), _SCAN, 3,
           "segment_one", When.IMAGINE_B_SCAN, argument="b_scan", submenu=IMAGINE_MENU,
           keywords="reconstruct"),
    Action("imagine.slo", "SLO image from this B-scan", "Let a model imagine the SLO image from "
           "this B-scan, to look at over the SLO image.", "imagine", ("Ctrl+Shift+I",), _SCAN, 3,
           "eye", When.IMAGINE_SLO, argument="slo", submenu=IMAGINE_MENU,
           keywords="reconstruct fundus"),
    Action("imagine.remove", "Remove imagined pictures", "Take away what was imagined for this "
           "B-scan.", "remove_imagined", ("Ctrl+Shift+Backspace",), _SCAN, 3, "close",
           When.IMAGINED, submenu=IMAGINE_MENU),
    Action("scan.classify", "Classify…", "Show what a model takes this scan for, with "
           "probabilities.", "classify", ("Ctrl+Shift+C",), _SCAN, 3, "classes", When.CLASSIFY,
           keywords="diagnosis disease class"),
    Action("labels.show", "Show labels", "Label this B-scan or the whole scan; digits choose.",
           "show_labels", ("Ctrl+Alt+L",), _SCAN, 3, "tag", When.SCAN, submenu=LABELS_MENU,
           keywords="class diagnosis annotate tag"),
    Action("labels.define", "Labels of the project…", "Say what scans and B-scans can be labelled "
           "as, and whether several labels may hold at once.", "define_labels", ("Ctrl+Alt+K",),
           _SCAN, 3, submenu=LABELS_MENU, keywords="classes names set rename"),
    *(
        Action(f"labels.b_scan_{n}", f"Label B-scan: label {n}", "Label the B-scan shown; choose "
               "it again to take it back.", "label_b_scan", (f"Ctrl+Alt+{n}",), _SCAN, 3,
               when=When.EDITABLE, argument=str(n), submenu=LABELS_MENU, keywords="class")
        for n in range(1, 10)
    ),
    Action("scan.compare_models", "Compare two models", "Run two models on this scan and lay what "
           "they find over it, side by side; your work stays as it is.", "compare_models",
           ("Ctrl+Alt+E",), _SCAN, 4, when=When.SCAN,
           keywords="side by side before after parent taught which better evaluate"),
    Action("scan.project_model", "Use this model for the project", "New segmentations in this "
           "project use the model chosen in Segment, whoever makes them.", "use_for_project",
           ("Ctrl+Alt+P",), _SCAN, 4, "project", When.PROJECT_MODEL, True,
           keywords="default engine study pin"),
    Action("scan.models", "Models…", "Get models, look at them, pass them on or remove them.",
           "show_models", ("Ctrl+Shift+M",), _SCAN, 4, "models",
           keywords="weights download import mirage hub licence"),
)

_MEASURE_ACTIONS = (
    Action("measure.show", "Measure", "Thickness, fluid, drusen and atrophy, with map and grid on "
           "the fundus.", "show_measure", ("F7",), _SCAN, 5, "ruler", When.SCAN,
           keywords="etdrs cst thickness volume rnfl tsnit map figures"),
    Action("measure.fovea", "Put the fovea here", "The fovea is where the crosshair is.",
           "put_fovea", ("Shift+F7",), _SCAN, 5, when=When.SCAN, keywords="etdrs centre move"),
    Action("measure.report", "Save report…", "Write one page with map, grid, B-scan and figures.",
           "save_report", ("Ctrl+F7",), _SCAN, 5, "export", When.SCAN,
           keywords="pdf html print figures"),
    Action("measure.follow_up", "Follow-up…", "Compare the visits of this eye: maps, what changed, "
           "and how they lie on each other.", "show_follow_up", ("Ctrl+Alt+F",), _SCAN, 5,
           "history", When.SCAN, keywords="visits change difference progression registration"),
    Action("view.map", "Show map and grid on the fundus", "What was measured, over the fundus.",
           "show_map", ("Ctrl+Shift+F7",), _VIEW, 2, when=When.SCAN, checkable=True,
           keywords="thickness etdrs overlay heat"),
)

_CORRECT_ACTIONS = (
    Action("tool.none", "Navigate", "Click sets the crosshair; wheel steps, Ctrl+wheel zooms.",
           "take_tool", ("V",), _CORRECT, 0, "navigate", When.SCAN, True, "",
           keywords="pan hand move"),
    Action("tool.pen", "Pen", "Drag along a surface to redraw that span.", "take_tool",
           ("P",), _CORRECT, 1, "pen", When.EDITABLE, True, "pen",
           keywords="surface draw layer"),
    Action("tool.spline", "Spline", "Drag a surface to bend it between its knots.", "take_tool",
           ("S",), _CORRECT, 1, "spline", When.EDITABLE, True, "spline",
           keywords="surface knots drag layer"),
    Action("tool.pull", "Pull", "Click or drag to where a surface runs; the rest of it, and its "
           "neighbours, follow the image.", "take_tool", ("T",), _CORRECT, 1, "pull",
           When.EDITABLE, True, "pull", keywords="solve point constraint"),
    Action("tool.snap", "Snap", "Click along a surface; it follows the edge between the "
           "clicks.", "take_tool", ("L",), _CORRECT, 1, "snap", When.EDITABLE, True, "snap",
           keywords="surface edge livewire live-wire magnetic"),
    Action("tool.undefine", "Undefine", "Drag over columns where a surface cannot be seen.",
           "take_tool", ("X",), _CORRECT, 1, "undefine", When.EDITABLE, True, "undefine",
           keywords="surface set undefined remove delete nan"),
    Action("tool.brush", "Brush", "Paint the chosen fluid or lesion class.", "take_tool", ("B",),
           _CORRECT, 2, "brush", When.EDITABLE, True, "brush", keywords="paint mask fluid"),
    Action("tool.eraser", "Eraser", "Erase fluid and lesion masks.", "take_tool", ("E",),
           _CORRECT, 2, "eraser", When.EDITABLE, True, "eraser", keywords="mask remove"),
    Action("tool.polygon", "Polygon", "Click the corners of a region; double-click closes it.",
           "take_tool", ("G",), _CORRECT, 2, "polygon", When.EDITABLE, True, "polygon"),
    Action("tool.fill", "Fill", "Click into a dark pocket to fill it.", "take_tool", ("F",),
           _CORRECT, 2, "fill", When.EDITABLE, True, "fill", keywords="bucket flood"),
    Action("tool.box", "Box", "Drag a box around a dark pocket, or within it, to mark it.",
           "take_tool", ("Shift+B",), _CORRECT, 2, "box", When.EDITABLE, True, "box",
           keywords="rectangle smart prompt pocket"),
    Action("tool.scribble", "Scribble", "Stroke what belongs to a mask; with Ctrl, what does not.",
           "take_tool", ("J",), _CORRECT, 2, "scribble", When.EDITABLE, True, "scribble",
           keywords="refine positive negative smart"),
    Action("correct.propagate", "Offer corrections to neighbours", "Carry what you corrected on to "
           "the other B-scans, to look at before you accept it.", "propagate", ("O",), _CORRECT, 3,
           when=When.EDITABLE, keywords="propagate copy next"),
    Action("correct.propagate_one", "Offer corrections of this structure", "The same of the chosen "
           "surface alone, or of the masks with a tool for masks in hand.", "propagate_one",
           ("Alt+O",), _CORRECT, 3, when=When.EDITABLE, keywords="propagate copy next single"),
    Action("correct.interpolate", "Interpolate between finished B-scans", "Fill the B-scans "
           "between two that you corrected or approved, to look at before you accept it.",
           "interpolate", ("I",), _CORRECT, 3, when=When.EDITABLE, keywords="between fill"),
    Action("correct.interpolate_one", "Interpolate this structure", "The same of the chosen "
           "surface alone, or of the masks with a tool for masks in hand.", "interpolate_one",
           ("Alt+I",), _CORRECT, 3, when=When.EDITABLE, keywords="between fill single"),
    Action("masks.delete", "Delete pocket under the crosshair", "Show the volume of the "
           "pocket that the crosshair is in, through all B-scans, and offer to delete it.",
           "masks", ("K",), _CORRECT, 4, when=When.EDITABLE, argument="delete", submenu=MASKS_MENU,
           keywords="component connected volume nl remove"),
    Action("masks.relabel", "Relabel pocket under the crosshair", "Show the volume of the pocket "
           "that the crosshair is in, and offer to give it the chosen class.", "masks",
           ("Shift+K",), _CORRECT, 4, when=When.EDITABLE, argument="relabel",
           submenu=MASKS_MENU, keywords="component connected class"),
    Action("masks.smooth", "Smooth outlines", "Smooth the outlines of the chosen class on this "
           "B-scan.", "masks", ("Shift+S",), _CORRECT, 4, when=When.EDITABLE, argument="smooth",
           submenu=MASKS_MENU),
    Action("masks.holes", "Fill holes", "Fill what the chosen class encloses on this B-scan.",
           "masks", ("Shift+F",), _CORRECT, 4, when=When.EDITABLE, argument="fill holes",
           submenu=MASKS_MENU),
    Action("masks.specks", "Remove specks", "Remove pieces of the chosen class below 1000 µm² on "
           "this B-scan.", "masks", ("Shift+X",), _CORRECT, 4, when=When.EDITABLE,
           argument="remove specks", submenu=MASKS_MENU, keywords="small islands"),
    Action("masks.misplaced", "Masks outside of their layers", "Count marks where their class "
           "cannot be, such as fluid above the ILM, and offer to remove them.", "masks", ("W",),
           _CORRECT, 4, "warning", When.EDITABLE, argument="misplaced", submenu=MASKS_MENU,
           keywords="violation conflict wrong layer"),
    Action("masks.lock", "Lock the chosen class", "No tool changes marks of a locked class.",
           "lock_class", ("Shift+L",), _CORRECT, 4, "lock", When.EDITABLE, True,
           submenu=MASKS_MENU, keywords="protect"),
    Action("correct.accept", "Accept what is offered", "Take what is offered over, as one step.",
           "accept_offer", ("A",), _CORRECT, 3, "check", When.OFFERED, keywords="yes take"),
    Action("correct.reject", "Reject what is offered", "Drop what is offered; nothing has changed.",
           "reject_offer", ("R",), _CORRECT, 3, "close", When.OFFERED, keywords="no drop"),
    Action("correct.surface_up", "Surface above", "Choose the next surface upwards.",
           "surface_up", ("Shift+Up",), _CORRECT, 4, when=When.EDITABLE),
    Action("correct.surface_down", "Surface below", "Choose the next surface downwards.",
           "surface_down", ("Shift+Down",), _CORRECT, 4, when=When.EDITABLE),
    *(
        Action(f"correct.class_{n}", f"Mask class {n}", f"Paint with mask class {n}.",
               "choose_class", (str(n),), _CORRECT, 5, when=When.EDITABLE, argument=str(n))
        for n in range(1, 7)
    ),
    Action("correct.thinner", "Smaller brush", "Make the brush smaller.", "smaller_brush", ("[",),
           _CORRECT, 6, when=When.EDITABLE),
    Action("correct.thicker", "Larger brush", "Make the brush larger.", "larger_brush", ("]",),
           _CORRECT, 6, when=When.EDITABLE),
    *(
        Action(f"pointer.{name}{'_far' if n > 1 else ''}", f"Pointer {name} {n} px",
               "Move crosshair and pointer without a mouse.", "move_pointer",
               (f"{'Shift+' if n > 1 else ''}Alt+{name.capitalize()}",), _CORRECT, 7,
               when=When.SCAN, argument=f"{n * z} {n * x}", submenu=POINTER_MENU,
               keywords="keyboard crosshair accessibility")
        for n in (1, 10)
        for name, z, x in (("up", -1, 0), ("down", 1, 0), ("left", 0, -1), ("right", 0, 1))
    ),
    Action("pointer.press", "Press the tool", "Press the tool at the pointer that keys move; held "
           "down while the pointer moves, it drags.", "press_tool", ("Space",), _CORRECT, 7,
           when=When.EDITABLE, argument="press", submenu=POINTER_MENU, keywords="keyboard click"),
    Action("pointer.keep", "Press the tool until pressed again", "Moves are a drag until Space is "
           "pressed again.", "press_tool", ("Shift+Space",), _CORRECT, 7, when=When.EDITABLE,
           argument="keep", submenu=POINTER_MENU, keywords="keyboard drag latch"),
    Action("pointer.against", "Scribble what does not belong", "Press the tool as with Ctrl held.",
           "press_tool", ("Ctrl+Space",), _CORRECT, 7, when=When.EDITABLE, argument="against",
           submenu=POINTER_MENU, keywords="keyboard negative"),
    Action("correct.finish", "Finish stroke", "End a stroke of several clicks.", "finish_stroke",
           ("Return", "Enter"), _CORRECT, 6, when=When.EDITABLE),
    Action("correct.cancel", "Drop stroke", "Drop the stroke in hand.", "cancel_stroke",
           ("Esc",), _CORRECT, 6, when=When.SCAN),
)

_GRADER_ACTIONS = (
    Action("graders.compare", "Compare with another grader", "Lay another grader's work over this "
           "one, with what differs and how well the two agree.", "show_compare", ("Ctrl+Alt+C",),
           _GRADERS, 0, when=When.SCAN, keywords="agreement second reader inter-observer dice"),
    Action("graders.next", "Next difference", "Go to the B-scan on which the two that are compared "
           "differ most, then to the one after it.", "next_difference", ("Alt+Q",), _GRADERS, 0,
           when=When.SCAN, keywords="compare disagreement"),
    Action("graders.consensus", "Open the consensus", "Open what the graders of this scan agree "
           "on, to decide B-scan by B-scan.", "open_consensus", ("Ctrl+Alt+A",), _GRADERS, 1,
           when=When.EDITABLE, keywords="adjudicate adjudication arbitration"),
    Action("graders.own", "Back to my own work", "Open your own work on this scan again.",
           "open_own_work", ("Ctrl+Alt+M",), _GRADERS, 1, when=When.SCAN),
    Action("graders.take_first", "Take from the first", "The consensus takes this B-scan from the "
           "first of the two that are compared.", "take_from", ("Alt+1",), _GRADERS, 1,
           when=When.EDITABLE, argument="0", keywords="adjudicate"),
    Action("graders.take_second", "Take from the second", "The consensus takes this B-scan from "
           "the second of the two that are compared.", "take_from", ("Alt+2",), _GRADERS, 1,
           when=When.EDITABLE, argument="1", keywords="adjudicate"),
    Action("graders.take_agreed", "Take what is agreed", "The consensus takes all B-scans on which "
           "the two agree.", "take_agreed", ("Alt+3",), _GRADERS, 1, when=When.EDITABLE,
           keywords="adjudicate"),
    Action("graders.blind", "Graders see only their own work", "In a blind project nobody sees "
           "what others did; the project's log keeps who changed it.", "set_blind",
           ("Ctrl+Alt+B",), _GRADERS, 2, checkable=True, keywords="blind masked independent"),
    Action("graders.audit", "Write audit trail…", "Write who did what in this project, with which "
           "tool and model, as CSV.", "export_audit", ("Ctrl+Alt+T",), _GRADERS, 2, "export",
           keywords="log history trail csv"),
)

_VIEW_ACTIONS = (
    Action("view.fit", "Fit image", "Show the whole B-scan.", "fit", ("Ctrl+0",), _VIEW, 0, "fit",
           When.SCAN),
    Action("view.actual", "Actual pixels (100 %)", "One image pixel per screen pixel.",
           "actual_pixels", ("Ctrl+1",), _VIEW, 0, "one_to_one", When.SCAN, keywords="1:1"),
    Action("view.zoom_in", "Zoom in", "Enlarge the B-scan.", "zoom_in", ("Ctrl++", "Ctrl+="),
           _VIEW, 0, "zoom_in", When.SCAN),
    Action("view.zoom_out", "Zoom out", "Shrink the B-scan.", "zoom_out", ("Ctrl+-",), _VIEW, 0,
           "zoom_out", When.SCAN),
    Action("view.aspect_um", "True proportions (1:1 µm)", "Show depth and width at the same scale "
           "in µm; off shows 1:1 pixels.", "aspect_um", ("U",), _VIEW, 0, "aspect", When.SCAN,
           True, keywords="aspect"),
    Action("view.auto_contrast", "Auto contrast", "Choose black and white from this B-scan.",
           "auto_contrast", ("Ctrl+L",), _VIEW, 1, "auto", When.SCAN, keywords="brightness levels"),
    Action("view.reset_contrast", "Reset contrast", "Show the grey values as they are stored.",
           "reset_contrast", ("Ctrl+Shift+L",), _VIEW, 1, "contrast", When.SCAN),
    Action("view.surfaces", "Show surfaces", "Show or hide the surfaces between layers.",
           "show_surfaces", ("D",), _VIEW, 2, "layers", When.SCAN, True, keywords="layers hide"),
    Action("view.masks", "Show masks", "Show or hide fluid and lesions.", "show_masks", ("M",),
           _VIEW, 2, "mask", When.SCAN, True, keywords="fluid hide overlay"),
    Action("view.clean", "Hide all overlays", "Look at the bare image.", "hide_overlays",
           ("H",), _VIEW, 2, "eye_off", When.SCAN, True),
    Action("view.confidence", "Dash where unsure", "Surfaces are dashed where the engine was "
           "unsure.", "show_confidence", ("N",), _VIEW, 2, when=When.SCAN, checkable=True,
           keywords="confidence uncertainty"),
    Action("view.doubt", "Show doubt on the fundus", "Orange on the fundus where the engine was "
           "unsure.", "show_doubt", ("Shift+N",), _VIEW, 2, when=When.SCAN, checkable=True,
           keywords="confidence uncertainty heat map"),
    Action("view.crosshair", "Show crosshair", "The point that SLO and B-scan share.",
           "show_crosshair", ("C",), _VIEW, 2, "crosshair", When.SCAN, True),
    Action("view.theme", "Light theme", "Switch between the dark and the light theme.",
           "light_theme", ("Ctrl+T",), _VIEW, 3, "theme", checkable=True, keywords="dark"),
    Action("view.full_screen", "Full screen", "Use the whole screen.", "full_screen", ("F11",),
           _VIEW, 3, checkable=True),
)

_HELP_ACTIONS = (
    Action("help.palette", "Find a command…", "Search everything the program can do.",
           "command_palette", ("Ctrl+K", "Ctrl+Shift+P"), _HELP, 0, "search",
           keywords="palette actions"),
    Action("help.shortcuts", "Keyboard shortcuts", "The list of all shortcuts.", "shortcut_sheet",
           ("F1", "?"), _HELP, 0, "keyboard", keywords="help keys"),
    Action("help.about", "About MIRAGE Viewer", "Version and terms.", "about", ("Shift+F1",),
           _HELP, 1, "info"),
)

# fmt: on

ACTIONS = ActionRegistry(
    (
        *_FILE_ACTIONS,
        *_EDIT_ACTIONS,
        *_SCAN_ACTIONS,
        *_MEASURE_ACTIONS,
        *_CORRECT_ACTIONS,
        *_GRADER_ACTIONS,
        *_VIEW_ACTIONS,
        *_HELP_ACTIONS,
    ),
    # In the order of the work.
    toolbar=(
        ("file.open", "file.worklist"),
        ("scan.segment", "scan.teach"),
        ("edit.undo", "edit.redo"),
        ("edit.approve", "file.export"),
    ),
)
"""Every action of the app."""
