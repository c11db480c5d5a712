"""The tests of the promises can fail: each is shown a fault planted in the package."""

import os
import shutil
import subprocess
import sys

import pytest
from paths import PACKAGE_DIR, ROOT

# promise -> file, what stands there, the fault, the test that must see it
FAULTS = {
    "checksum": (
        "_deployment/archive.py",
        "if found != _seal_of(body):",
        "if False:",
        "test_files.py::test_no_damaged_file_is_loaded",
    ),
    "sizes": (
        "deployment.py",
        "        check_sizes(data)\n",
        "",
        "test_files.py::test_a_small_file_cannot_ask_for_much_memory",
        "cells",
    ),
    "trust": (
        "deployment.py",
        "[*TRUSTED_TYPES, *trusted]",
        "skops_io.get_untrusted_types(data=data)",
        "test_files.py::test_a_malicious_file_runs_nothing",
    ),
    "sparse layers": (
        "_engine/problem.py",
        "weights.check_format(full_check=True)",
        "pass",
        "test_files.py::test_a_sparse_matrix_that_points_outside_is_refused",
    ),
    "later parameters": (
        "_estimator/base.py",
        "{**_defaults_of(type(self)), **state}",
        "{**state}",
        "test_files.py::test_a_parameter_that_came_later_has_its_default",
    ),
    "version": (
        "_estimator/base.py",
        "if written_by != __version__:",
        "if False:",
        "test_files.py::test_another_version_is_told",
    ),
    "atomic": (
        "_estimator/mlp.py",
        "        start = self._start(ask)\n",
        "        start = self._start(ask)\n        self.n_iter_ = 0\n",
        "test_faults.py::test_a_fault_leaves_fresh_and_fitted_estimators_as_they_were",
        "classifier and first and look",
    ),
    "interrupt, size": (
        "_engine/sparse.py",
        "if not self.of_size:",
        "if False:",
        "test_faults.py::test_an_interrupted_network_is_of_the_size_asked_for_or_as_before",
    ),
    "interrupt, best": (
        "_engine/sparse.py",
        "best = _Snapshot(loss, point, parameters, is_open)",
        "best = _Snapshot(loss, point, 0.5 * parameters, is_open)",
        "test_faults.py::test_an_interrupted_network_is_the_best_so_far",
    ),
    "interrupt, selection": (
        "_engine/fixed.py",
        "                    on_interrupt(\n",
        "                    repr(\n",
        "test_faults.py::test_a_selector_keeps_a_selection_that_is_complete",
    ),
    "divergence": (
        "_engine/path.py",
        "            refuse_divergence(losses",
        "            max(losses",
        "test_faults.py::test_a_fault_leaves_fresh_and_fitted_estimators_as_they_were",
        "stability and no and number",
    ),
    "refusals": (
        "_estimator/gates.py",
        '        raise ValueError(\n            "No column of X varies',
        '        raise KeyError(\n            "No column of X varies',
        "test_any_input.py::test_any_fit_is_finite_or_refused",
        "classifier",
    ),
    "finite": (
        "_estimator/fitted.py",
        "shares = LINKS[self.network.loss](self.outputs(X))",
        "shares = LINKS[self.network.loss](self.outputs(X)) + (\n"
        "            np.nan if len(X) % 2 == 0 else 0\n        )",
        "test_any_input.py::test_any_prediction_is_finite_or_refused",
        "classifier",
    ),
    "pure": (
        "_estimator/predicting.py",
        "        return self.estimator_.predict(",
        "        self.asked_ = True\n        return self.estimator_.predict(",
        "test_sharing.py::test_predicting_writes_nothing",
        "selector",
    ),
    "thread-safe": (
        "_estimator/fitted.py",
        "        outputs = self.outputs(X)\n",
        "        object.__setattr__(self, 'last', self.outputs(X))\n"
        "        import time; time.sleep(1e-4)\n        outputs = self.last\n",
        "test_sharing.py::test_eight_threads_that_predict_disturb_nobody",
        "classifier",
    ),
    "memory": (
        "_estimator/fitted.py",
        "_CHUNK = 2048",
        "_CHUNK = 10**9",
        "test_sharing.py::test_predicting_takes_memory_for_the_answer_and_a_chunk",
    ),
    "network": (
        "_estimator/base.py",
        "    if random_state is None:\n",
        "    __import__('socket').gethostbyname('localhost')\n"
        "    if random_state is None:\n",
        "test_sharing.py::test_nothing_asks_the_network",
    ),
    "global state": (
        "_engine/training.py",
        "        self.config = config\n",
        "        torch.manual_seed(0)\n        self.config = config\n",
        "test_world.py::test_no_method_touches_the_world",
    ),
    "global state, pictures": (
        "_display/style.py",
        "    _, axes = plt.subplots(",
        "    plt.rcParams['font.size'] += 1\n    _, axes = plt.subplots(",
        "test_world.py::test_no_function_and_no_picture_touches_the_world",
    ),
    "repeatable": (
        "_estimator/base.py",
        "    return int(random_state)",
        "    return int(np.random.default_rng().integers(2**31))",
        "test_sharing.py::test_the_number_of_threads_is_of_no_matter",
        "classifier",
    ),
    "default dtype": (
        "_engine/networks.py",
        "generator=generator, dtype=part.dtype",
        "generator=generator",
        "test_world.py::test_a_fit_does_not_hang_on_the_world",
        "classifier",
    ),
    "interrupt, hidden": (
        "_engine/fixed.py",
        "with suppress(Exception):  # which must",
        "with suppress():  # which must",
        "test_faults.py::test_an_error_while_the_best_state_is_kept_does_not_hide_the_interrupt",
        "selector and not cv",
    ),
    "atomic, portions": (
        "_estimator/partial.py",
        "        inputs = fitted.encoding.encode(",
        "        self.n_iter_ = 0\n        inputs = fitted.encoding.encode(",
        "test_any_fault.py::test_a_fault_in_a_portion_leaves_the_network_as_it_was",
        "classifier",
    ),
    "forged arrays": (
        "_estimator/fitted.py",
        "if not (is_sound(self.encoding) and can_predict(self.network)):",
        "if False:",
        "test_forged_arrays.py::test_a_network_that_lacks_something_is_refused",
    ),
    "sparse tables, pointers": (
        "_estimator/rows.py",
        "            refuse_outside(X)\n",
        "            pass\n",
        "test_pointers.py::test_a_compressed_table_that_points_outside_is_refused",
        "csr and values_too_few",
    ),
    "sparse tables, zeros": (
        "_encoding/sparse.py",
        "np.maximum(rest, 0.0)",
        "np.zeros_like(rest)",
        "../large/test_sparse_encoding.py::test_sparse_equals_dense",
    ),
    "sparse tables, memory": (
        "_estimator/encoded.py",
        "_DENSE_CELLS = 2**20",
        "_DENSE_CELLS = 2**60",
        "test_sharing.py::test_a_sparse_table_is_not_made_dense",
    ),
    "shared fits, sums": (
        "_engine/step.py",
        "    trainer.agreement.sum_(networks.gradient, *said)\n",
        "",
        "../distributed/test_shared_fit.py::test_full_batches_are_those_of_one_process",
        "network",
    ),
    "shared fits, errors": (
        "_engine/process_group.py",
        "                self._leave_note(error)\n",
        "                pass\n",
        "../distributed/test_failures.py::test_bad_rows_are_refused_everywhere",
        "infinite",
    ),
    "supports side by side": (
        "_engine/side_by_side.py",
        "        trainer.open_only(in_layout.to(config.device))\n",
        "",
        "../test_trial.py::test_what_is_behind_a_closed_gate_is_of_no_matter",
    ),
    "larger supports": (
        "_path/trial.py",
        "PROOF * comparison.excess_se",
        "comparison.excess_se",
        "../test_trial.py::test_the_smallest_stays_unless_another_is_clearly_better",
    ),
    "shared fits, connecting": (
        "_engine/process_group.py",
        "            self.gather_words(None)\n        except",
        "            pass\n        except",
        "../distributed/test_failures.py::test_nobody_goes_on_before_all_have_connected",
    ),
    "shared fits, world": (
        "_engine/rendezvous.py",
        "        sys.excepthook = hook",
        "        hook",
        "../distributed/test_rendezvous.py::test_a_group_leaves_nothing_behind",
    ),
    "pairs": (
        "_engine/products.py",
        "weights = trainer.rows, trainer.rows.train_weights[:, network]",
        "weights = trainer.rows, trainer.rows.train_weights.amax(1)",
        "../test_engine_pairs.py"
        "::test_a_member_does_not_begin_at_what_other_rows_alone_show",
    ),
    "pairs, groups": (
        "_engine/products.py",
        "if sample.clusters is None:",
        "if True:",
        "../test_engine_triples.py::test_rows_of_a_group_count_once",
    ),
    "gross errors": (
        "_estimator/encoded.py",
        "target=winsorized(self.target)",
        "target=self.target",
        "../recovery/test_recovery.py::test_exactly_the_planted_columns",
        "wrong",
    ),
    "stored models": (
        "_estimator/fitted.py",
        "* self.scale + self.center",
        "* self.scale * 1.001 + self.center",
        "../test_stored.py",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("promise", FAULTS)
def test_a_planted_fault_is_seen(promise, tmp_path):
    place, sound, faulty, test, *chosen = FAULTS[promise]
    copy = tmp_path / PACKAGE_DIR.name
    shutil.copytree(PACKAGE_DIR, copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / place
    text = path.read_text(encoding="utf-8")
    assert text.count(sound) >= 1, "the fault is planted where the code has moved on"
    path.write_text(text.replace(sound, faulty, 1), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += [str(ROOT / "tests" / "robust" / test)]
    command += ["-k", chosen[0]] if chosen else []
    done = subprocess.run(
        command,
        cwd=ROOT,
        # without PYTHONSAFEPATH the sound package in the working folder comes first
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout[-2000:]  # a test failed, and no less
    assert " failed" in done.stdout
